/** Tokens that a library would refuse to sign, and a table of what the judge should find in which: tests/e2e shows it to servers. */
import { createHmac } from 'node:crypto';

/** LiveKit's development pair, with which the tests sign tokens of their own. */
export const [apiKey, apiSecret] = ['devkey', 'secret'];
export const seconds = () => Math.floor(Date.now() / 1000);
export const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const grants = { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true };
export const video = { room: 'reading-club-123', ...grants };

/** The claims of a member's token with these changes; `undefined` drops one. */
export const claims = (changes: object = {}, now = seconds()): Record<string, unknown> => ({
  iss: apiKey,
  sub: 'user-001',
  nbf: now,
  exp: now + 600,
  video,
  ...changes,
});

export function signed(payload: unknown = claims(), { alg = 'HS256', secret = apiSecret } = {}): string {
  const text = `${encode({ alg })}.${encode(payload)}`;
  return `${text}.${createHmac(alg.replace('HS', 'sha'), secret).update(text).digest('base64url')}`;
}

/** With an invalid signature. */
export const assembled = (header: unknown, payload: unknown = claims()) =>
  `${encode(header)}.${encode(payload)}.c2lnbmF0dXJl`;

/** What is changed in a member's claims, or a whole token. */
type Made = object | ((now: number) => object | string);

export function tokenOf(made: Made, now = seconds()): string {
  const changed = made instanceof Function ? made(now) : made;
  return typeof changed === 'string' ? changed : signed(claims(changed, now));
}

const withVideo = (changes: object) => ({ video: { ...video, ...changes } });
const sign =
  (alg: string, secret = apiSecret) =>
  (now: number) =>
    signed(claims({}, now), { alg, secret });
const unverified = (alg: string) => (now: number) => assembled({ alg }, claims({}, now));
const whole = signed();
const [head = '', body = ''] = whole.split('.');
const unreadable = (token: string): Row => ['bad token: unreadable', 'unreadable', () => token];
const wrongType = (claim: string, changes: object): Row => [
  `bad ${claim}: wrong-type`,
  'wrong-type',
  changes,
];
const powerful = (claim: string, changes: object): Row => [`bad ${claim}: unneeded-grant`, '', changes];
const allMissing = [
  'bad video.roomJoin: no-room-join, bad video.room: no-room',
  ...['canPublish', 'canSubscribe', 'canPublishData'].map((name) => `warning video.${name}: not-said`),
].join(', ');
const long = 'ä'.repeat(128);

/** The faults that the judge finds, the code of LiveKit's refusal (none where it lets in), and the token. */
export type Row = readonly [faults: string, refusal: string, made: Made];

/** In the order of the server's checks: `pkg/service/auth.go`, `auth/verifier.go` of livekit/protocol, `ValidateConnectRequest`. */
export const tokens: readonly Row[] = [
  ['', '', {}],
  // auth.ParseAPIToken
  ...['not-a-token', `${head}.${body}`, `${whole}.x`, whole.slice(0, -2)].map(unreadable),
  ...[`${head.slice(0, -2)}.e30.c2ln`, `+/+=.${body}.c2ln`, `${head}.e30=.c2ln`].map(unreadable),
  ...[`${head}.${body.slice(0, -2)}.c2ln`, assembled({ alg: 'HS256' }, [1])].map(unreadable),
  ...[assembled({ typ: 'JWT' }), assembled({ alg: 'HS257' }), assembled(null)].map(unreadable),
  ['bad iss: unreadable', 'unreadable', { iss: 7 }],
  ['bad sub: unreadable', 'unreadable', { sub: 42 }],
  ['bad exp: unreadable', 'unreadable', { exp: '2026-11-25T10:00:00Z' }],
  ['bad nbf: unreadable', 'unreadable', { nbf: true }],
  // The key
  ['bad iss: another-key', 'unknown-key', { iss: 'another-key' }],
  ['bad iss: no-key', 'unknown-key', { iss: undefined }],
  ['bad iss: no-key', 'unknown-key', { iss: '' }],
  ['bad iss: secret-as-key', 'unknown-key', { iss: apiSecret }],
  // The claims' types, the algorithm, the signature, the times
  wrongType('video', { video: [] }),
  wrongType('video.roomJoin', withVideo({ roomJoin: 'true' })),
  wrongType('name', { name: 7 }),
  wrongType('metadata', { metadata: {} }),
  wrongType('sip.admin', { sip: { admin: 0 } }),
  wrongType('inference.perform', { inference: { perform: '' } }),
  wrongType('observability.write', { observability: { Write: [] } }),
  wrongType('roomConfig.maxParticipants', { roomConfig: { max_participants: 'ten' } }),
  wrongType('roomConfig.agents.0.metadata', { roomConfig: { agents: [{ metadata: {} }] } }),
  ...[1.5, 2 ** 31].map((restartPolicy) =>
    wrongType('roomConfig.agents.0.restartPolicy', { roomConfig: { agents: [{ restartPolicy }] } }),
  ),
  ['bad alg: wrong-algorithm', 'wrong-algorithm', sign('HS512')],
  ...['RS256', 'EdDSA', 'none'].map(
    (alg): Row => ['bad alg: wrong-algorithm', 'wrong-algorithm', unverified(alg)],
  ),
  ['bad signature: wrong-secret', 'wrong-secret', sign('HS256', 'another-secret')],
  ['bad signature: wrong-secret', 'wrong-secret', sign('HS256', `${apiSecret}\n`)],
  ['bad signature: wrong-secret', 'wrong-secret', (now) => sign('HS256')(now).replace(/[^.]+$/, '')],
  ['bad exp: never-expires', 'never-expires', { exp: undefined }],
  [
    'bad exp: never-expires, bad nbf: not-yet-valid',
    'never-expires',
    (now) => ({ exp: null, nbf: now + 70 }),
  ],
  ['bad exp: expired', 'expired', (now) => ({ exp: now - 61 })],
  ['bad exp: expired, bad nbf: not-yet-valid', 'expired', (now) => ({ exp: now - 100, nbf: now + 100 })],
  ['bad exp: expired', 'expired', { exp: 1e300 }],
  ['bad exp: long-lived', '', { exp: 9.2233e18 }],
  ['warning nbf: backdated', '', { nbf: 1e300 }],
  ['warning exp: just-expired', '', (now) => ({ exp: now - 50 })],
  ['warning exp: quoted-time', '', (now) => ({ exp: String(now + 600) })],
  ['warning exp: long-lived', '', (now) => ({ exp: now + 3_601 })],
  ['bad exp: long-lived', '', (now) => ({ exp: now + 86_401 })],
  ['bad nbf: not-yet-valid', 'not-yet-valid', (now) => ({ nbf: now + 70 })],
  ['bad nbf: not-yet-valid', 'not-yet-valid', (now) => ({ nbf: now * 1000 })],
  ['', '', (now) => ({ nbf: now + 55 })],
  ['warning nbf: backdated', '', { nbf: undefined }],
  ['warning nbf: backdated', '', { nbf: 0 }],
  ['warning nbf: quoted-time', '', { nbf: '0' }],
  ['warning iat: issued-later', '', (now) => ({ iat: now + 100 })],
  ['warning iat: quoted-time', '', { iat: '0' }],
  // ValidateConnectRequest
  [`bad video: no-video-grant, ${allMissing}`, 'no-video-grant', { video: null }],
  [`bad video: empty-video-grant, ${allMissing}`, 'no-room-join', { video: {} }],
  ['bad video.roomJoin: no-room-join', 'no-room-join', withVideo({ roomJoin: undefined })],
  ['bad video.roomJoin: no-room-join', 'no-room-join', withVideo({ roomJoin: false })],
  ['bad sub: no-identity', 'no-identity', { sub: undefined }],
  ['bad sub: no-identity', 'no-identity', { sub: '' }],
  ['bad sub: identity-too-long', 'identity-too-long', { sub: `${long}a` }],
  ['bad sub: another-reader', '', { sub: long }],
  ['warning sub: identity-in-jti', '', { sub: undefined, jti: 'user-001' }],
  ['', '', { jti: 'another' }],
  ['warning Sub: another-case', '', { sub: 7, Sub: 'user-001' }],
  ['bad video.room: no-room', 'no-room', withVideo({ room: '' })],
  ['bad video.room: room-too-long', 'room-too-long', withVideo({ room: `${long}a` })],
  ['bad video.room: another-room', '', withVideo({ room: long })],
  // Let in
  ['bad video.canPublish: forbidden', '', withVideo({ canPublish: false })],
  ['bad video.canPublishData: forbidden', '', withVideo({ canPublishData: false })],
  ['warning video.canPublish: not-said', '', withVideo({ canPublish: undefined })],
  ['warning video.canSubscribe: not-said', '', withVideo({ canSubscribe: null })],
  ['warning video.canPublishData: not-said', '', withVideo({ canPublishData: null })],
  ['warning video.canPublishSources: some-sources', '', withVideo({ canPublishSources: ['camera'] })],
  ['bad video.canPublishSources: unknown-source', '', withVideo({ canPublishSources: [null, 'mic'] })],
  ['bad attributes.role: wrong-role-shown', '', { attributes: { role: 'moderator' } }],
  ...'roomAdmin roomCreate roomList roomRecord ingressAdmin canUpdateOwnMetadata hidden recorder agent'
    .split(' ')
    .map((name) => powerful(`video.${name}`, withVideo({ [name]: true }))),
  powerful('video.destinationRoom', withVideo({ destinationRoom: 'another' })),
  powerful('sip', { sip: { admin: true } }),
  powerful('agentEndpoint', { agentEndpoint: { call: true } }),
  powerful('agentThread', { agentThread: { scope: 'x' } }),
  powerful('kind', { kind: 'agent' }),
  powerful('kindDetails', { kindDetails: ['cloud_agent'] }),
  powerful('roomConfig', { roomConfig: { egress: {}, max_participants: '3' } }),
  ['bad roomConfig.egress: recording', '', { roomConfig: { egress: { room: { fileOutputs: {} } } } }],
  ['warning video.Room: another-case', '', { video: { ...grants, Room: 'reading-club-123' } }],
  ['warning video.can_publish: unknown-grant', '', withVideo({ can_publish: true })],
  ['warning room: misplaced-grant', '', { room: 'reading-club-123' }],
  ['', '', { attributes: { avatar: null }, kindDetails: [null], aud: null }],
  ['', '', { kind: 'standard', roomConfig: { max_participants: '0', agents: [] } }],
  ['', '', withVideo({ hidden: false, roomCreate: false, destinationRoom: '', canPublishSources: [] })],
  ['', '', { sip: { admin: false }, agentThread: { threadIds: [] }, somethingElse: true }],
];
