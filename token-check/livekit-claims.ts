/** The claims that LiveKit's server reads (protocol 1.50, `auth/grants.go`), each with the only type that it accepts. */
import * as v from 'valibot';

const text = v.nullish(v.string());
const flag = v.nullish(v.boolean());
const texts = v.nullish(v.array(v.string()));

/** A JSON object. An array is not one. */
export const jsonObject = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'should be an object',
);
const object = v.nullish(jsonObject);

/** The server also accepts a number in quotes. */
const seconds = v.nullish(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^-?\d+(\.\d+)?$/), v.transform(Number))]),
);

/** A wrong type in one of these makes the token unreadable before the server looks up its key. */
const registered = {
  iss: text,
  sub: text,
  jti: text,
  aud: v.nullish(v.union([v.string(), v.array(v.string())])),
  exp: seconds,
  nbf: seconds,
  iat: seconds,
};
export const RegisteredClaims = v.looseObject(registered);

const video = {
  roomCreate: flag,
  roomList: flag,
  roomRecord: flag,
  roomAdmin: flag,
  roomJoin: flag,
  room: text,
  canPublish: flag,
  canSubscribe: flag,
  canPublishData: flag,
  canPublishSources: texts,
  canUpdateOwnMetadata: flag,
  ingressAdmin: flag,
  hidden: flag,
  recorder: flag,
  agent: flag,
  canSubscribeMetrics: flag,
  canManageAgentSession: flag,
  destinationRoom: text,
};

const livekit = {
  identity: text,
  name: text,
  kind: text,
  kindDetails: texts,
  video: v.nullish(v.pipe(jsonObject, v.looseObject(video))),
  sip: object,
  agent: object,
  inference: object,
  observability: object,
  roomConfig: object,
  roomPreset: text,
  sha256: text,
  metadata: text,
  attributes: v.nullish(v.pipe(jsonObject, v.record(v.string(), v.string()))),
};
export const LiveKitClaims = v.looseObject(livekit);

export type VideoGrant = v.InferOutput<v.LooseObjectSchema<typeof video, undefined>>;

export const claimNames = [...Object.keys(registered), ...Object.keys(livekit)];
export const videoNames = Object.keys(video);

/** Go ignores upper and lower case in field names, so `roomjoin` counts as `roomJoin`. */
export function named(object: Readonly<Record<string, unknown>>, names: readonly string[]) {
  const nameFor = (key: string) =>
    names.find((name) => name === key) ??
    names.find((name) => name.toLowerCase() === key.toLowerCase()) ??
    key;
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [nameFor(key), value]));
}
