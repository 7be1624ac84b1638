// @ts-nocheck The SDK is there only where the suite runs.
/** A reader in Node, by LiveKit's SDK in .tools: takes and prints the lines that go-reader/main.go does, and sounds. */
import { createInterface } from 'node:readline';
import {
  AudioFrame,
  AudioSource,
  LocalAudioTrack,
  Room,
  RoomEvent,
  TrackKind,
  TrackPublishOptions,
  TrackSource,
} from '../../../.tools/livekit-node/node_modules/@livekit/rtc-node/dist/index.js';

const sampleRate = 48_000;
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { server_url: url, participant_token: token } = JSON.parse((await lines.next()).value);
const room = new Room();
room.on(RoomEvent.TrackSubscribed, (track, _, { name }) =>
  tell({ event: 'track', kind: track.kind === TrackKind.KIND_VIDEO ? 'video' : 'audio', name }),
);
room.registerTextStreamHandler('lk.chat', async (reader, { identity }) =>
  tell({ event: 'message', name: room.remoteParticipants.get(identity)?.name, text: await reader.readAll() }),
);
await room.connect(url, token, { autoSubscribe: true, dynacast: true });
const source = new AudioSource(sampleRate, 1);
const options = new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE });
await room.localParticipant.publishTrack(LocalAudioTrack.createAudioTrack('tone', source), options);
tell({ event: 'joined', room: room.name, name: room.localParticipant.name });

let isLeaving = false;
const tone = (async () => {
  for (let at = 0; !isLeaving; at += 480) {
    const wave = Int16Array.from(
      { length: 480 },
      (_, i) => 10_000 * Math.sin((2 * Math.PI * 440 * (at + i)) / sampleRate),
    );
    await source.captureFrame(new AudioFrame(wave, sampleRate, 1, 480));
  }
})();
for await (const line of lines) {
  await room.localParticipant.sendText(line, { topic: 'lk.chat' });
}
isLeaving = true;
await tone;
await room.disconnect();
process.exit(0);
