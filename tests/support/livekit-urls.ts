/** LiveKit's URL by the one rule that the function and the deployment's parameters have: just inside and just outside of it. */

/** As it is given, as it is answered, and whether it is on loopback. */
export const accepted = [
  ['wss://project.livekit.cloud', 'wss://project.livekit.cloud', false],
  ['https://project.livekit.cloud', 'wss://project.livekit.cloud', false],
  ['HTTPS://Project.LiveKit.Cloud/', 'wss://project.livekit.cloud', false],
  ['wss://livekit.booky.example:7443/meet//', 'wss://livekit.booky.example:7443/meet', false],
  ['ws://localhost:7880', 'ws://localhost:7880', true],
  ['http://127.0.0.1:7880', 'ws://127.0.0.1:7880', true],
  ['ws://127.100.20.255', 'ws://127.100.20.255', true],
  ['ws://[::1]:7880', 'ws://[::1]:7880', true],
  ['https://localhost:7443', 'wss://localhost:7443', true],
] as const;

export const refused = [
  'ws://project.livekit.cloud',
  'http://project.livekit.cloud',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'ws://10.0.0.1:7880',
  'ws://0.0.0.0:7880',
  'ftp://project.livekit.cloud',
  'ftp://localhost',
  'project.livekit.cloud',
  'wss://',
  '',
  'wss://user@project.livekit.cloud',
  'wss://:password@project.livekit.cloud',
  'wss://project.livekit.cloud?access_token=x',
  'wss://project.livekit.cloud#x',
];
