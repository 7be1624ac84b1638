/**
 * The claims that LiveKit's server reads (protocol 1.54, `auth/grants.go`), each with the only type that it accepts. An issue's
 * message says what to sign.
 */
import * as v from 'valibot';

/** Go reads null as the empty value, in a list too. */
const string = v.nullable(v.string('a string'), '');
const text = v.nullish(v.string('a string'));
const flag = v.nullish(v.boolean('true or false, without quotes'));
const texts = v.nullish(v.array(string, 'a list of strings'));

/** A JSON object. An array is not one. */
export const jsonObject = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
);

/** The server accepts a number in quotes, too. */
const quotedNumber = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;
const numberOf = (rule: string) =>
  v.union([v.number(), v.pipe(v.string(), v.regex(quotedNumber), v.transform(Number))], rule);
const secondsRule = 'seconds since 1970, as a number';
/** What Go's time can't hold wraps around, into the past. */
const inGo = v.transform((time: number) => (time <= 2 ** 63 - 62_135_596_800 ? time : -time));
const seconds = v.nullish(v.pipe(numberOf(secondsRule), v.finite(secondsRule), inGo));

/** Go ignores upper and lower case in field names, so `roomjoin` counts as `roomJoin`. */
function fields<const Entries extends v.ObjectEntries>(entries: Entries) {
  const nameOf = (key: string) =>
    Object.hasOwn(entries, key)
      ? key
      : (Object.keys(entries).find((name) => name.toLowerCase() === key.toLowerCase()) ?? key);
  return v.pipe(jsonObject, v.transform(renamed(nameOf)), v.looseObject(entries));
}

/** A protobuf message: its fields in camelCase or in snake_case, and in this case alone. */
function message<const Entries extends v.ObjectEntries>(entries: Entries) {
  const nameOf = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return v.pipe(jsonObject, v.transform(renamed(nameOf)), v.looseObject(entries));
}

/** Go leaves what is null as it was, be it from another spelling of the name. */
const renamed = (nameOf: (key: string) => string) => (object: Record<string, unknown>) => {
  const present = Object.entries(object).filter(([, value]) => value !== null);
  return Object.fromEntries(present.map(([key, value]) => [nameOf(key), value]));
};

/** A wrong type in one of these makes the token unreadable before the server looks up its key. */
export const RegisteredClaims = fields({
  iss: text,
  sub: text,
  jti: text,
  aud: v.nullish(v.union([v.string(), v.array(v.string())], 'a string')),
  exp: seconds,
  nbf: seconds,
  iat: seconds,
});

const video = {
  ...v.entriesFromList(['canPublish', 'canSubscribe', 'canPublishData', 'canUpdateOwnMetadata'], flag),
  ...v.entriesFromList(
    ['roomCreate', 'roomList', 'roomRecord', 'roomAdmin', 'roomJoin', 'ingressAdmin'],
    flag,
  ),
  ...v.entriesFromList(['hidden', 'recorder', 'agent', 'canSubscribeMetrics', 'canManageAgentSession'], flag),
  ...v.entriesFromList(['room', 'destinationRoom'], text),
  canPublishSources: texts,
};

const whole = 'a whole number';
const wholeNumber = v.nullish(
  v.pipe(
    numberOf(whole),
    v.integer(whole),
    v.minValue(0, whole),
    v.maxValue(2 ** 32 - 1, 'a number below 2^32'),
  ),
);
const tags = v.nullish(v.pipe(jsonObject, v.record(v.string(), v.string('a string'))));

const int32 = v.pipe(v.number(), v.integer(), v.minValue(-(2 ** 31)), v.maxValue(2 ** 31 - 1));
const agent = message({
  ...v.entriesFromList(['agentName', 'metadata', 'deployment', 'threadId'], text),
  restartPolicy: v.nullish(v.union([int32, v.string()], 'a name')),
  attributes: tags,
});

/** `livekit.RoomConfiguration`; the dozens of messages within `egress` are not checked. */
const roomConfig = message({
  ...v.entriesFromList(['name', 'metadata'], text),
  ...v.entriesFromList(['emptyTimeout', 'departureTimeout', 'maxParticipants'], wholeNumber),
  ...v.entriesFromList(['minPlayoutDelay', 'maxPlayoutDelay'], wholeNumber),
  syncStreams: flag,
  egress: v.nullish(message(v.entriesFromList(['room', 'participant', 'tracks'], v.nullish(message({}))))),
  agents: v.nullish(v.array(agent, 'a list')),
  tags,
});

const flags = <const Name extends string>(...names: Name[]) =>
  v.nullish(fields(v.entriesFromList(names, flag)));

const livekit = {
  ...v.entriesFromList(['identity', 'name', 'kind', 'roomPreset', 'sha256', 'metadata'], text),
  kindDetails: texts,
  video: v.nullish(fields(video)),
  sip: flags('admin', 'call'),
  agent: flags('admin', 'simulationAdmin', 'databaseAdmin', 'dispatchAdmin'),
  inference: flags('perform'),
  observability: flags('write'),
  agentEndpoint: v.nullish(fields({ call: flag, agentName: text, deployment: text })),
  agentThread: v.nullish(
    fields({
      ...v.entriesFromList(['all', 'list', 'create', 'write', 'read', 'delete'], flag),
      scope: text,
      threadIds: texts,
    }),
  ),
  roomConfig: v.nullish(roomConfig),
  attributes: v.nullish(v.pipe(jsonObject, v.record(v.string(), string))),
};
export const LiveKitClaims = fields(livekit);

export type Claims = v.InferOutput<typeof RegisteredClaims> & v.InferOutput<typeof LiveKitClaims>;

export const claimNames = Object.keys({ ...RegisteredClaims.pipe[2].entries, ...livekit });
export const videoNames = Object.keys(video);
