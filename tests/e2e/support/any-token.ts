/** Generated tokens. */
import fc from 'fast-check';
import { apiSecret, claims, seconds, signed } from '../../support/tokens.ts';

const within = (claim: string, names: string) => names.split(' ').map((name) => `${claim}.${name}`);
const paths = [
  ...'iss sub jti aud exp nbf iat identity name kind kindDetails metadata attributes video sip agent'.split(
    ' ',
  ),
  ...'inference observability agentEndpoint agentThread roomConfig roomPreset sha256 Sub room unheardOf'.split(
    ' ',
  ),
  ...within(
    'video',
    'room roomJoin canPublish canSubscribe canPublishData canPublishSources roomAdmin hidden',
  ),
  ...within('video', 'canUpdateOwnMetadata canManageAgentSession destinationRoom roomjoin room_join'),
  ...['attributes.role', 'sip.admin', 'agent.admin', 'agent.databaseAdmin', 'inference.perform'],
  ...['observability.write', 'agentEndpoint.call', 'agentEndpoint.agentName', 'agentThread.threadIds'],
  ...within('roomConfig', 'name emptyTimeout max_participants metadata egress syncStreams agents tags'),
  ...within('roomConfig.agents.0', 'agentName agent_name metadata attributes restartPolicy'),
  'roomConfig.egress.room.fileOutputs',
];
const values = fc.constantFrom<unknown>(
  ...[
    '',
    'text',
    'true',
    '0',
    '600',
    '01',
    '2026-11-25',
    'ä'.repeat(129),
    0,
    1,
    -1,
    1.5,
    1e12,
    2 ** 33,
    1e300,
    true,
    false,
  ],
  ...[null, undefined, [], ['text'], [null], [1], [{}], {}, { role: 'text' }, { role: null }, { a: 1 }],
);
/** Around the limits, but for the seconds in which a token is judged here and there. */
const times = fc
  .tuple(fc.constantFrom('exp', 'nbf', 'iat'), fc.constantFrom(-1e9, -3_600, -70, -50, 0, 50, 70, 3_600, 1e9))
  .map(([path, offset]): [string, unknown] => [path, seconds() + offset]);
const change = fc.oneof(
  { arbitrary: fc.tuple(fc.constantFrom(...paths), values), weight: 5 },
  { arbitrary: times, weight: 1 },
);

function set(target: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const isList = /^\d+$/.test(name);
  const isObject = typeof target === 'object' && target !== null && Array.isArray(target) === isList;
  const inner = isObject ? Object.entries(target).find(([key]) => key === name)?.[1] : undefined;
  const changed = rest.length === 0 ? value : set(inner, rest, value);
  return isList ? [changed] : { ...(isObject ? target : {}), [name]: changed };
}

/** A good token with one to three claims changed, in a few signed wrongly or cut off. */
export const anyToken: fc.Arbitrary<string> = fc
  .record({
    changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    alg: fc.constantFrom(...Array<string>(15).fill('HS256'), 'HS384', 'HS512'),
    secret: fc.constantFrom(...Array<string>(15).fill(apiSecret), 'another-secret-of-thirty-two-bytes'),
    kept: fc.constantFrom(...Array<number>(15).fill(1_000_000), 20, 100, 150),
  })
  .map(({ changes, alg, secret, kept }) => {
    const payload = changes.reduce<unknown>(
      (all, [path, value]) => set(all, path.split('.'), value),
      claims(),
    );
    return signed(payload, { alg, secret }).slice(0, kept);
  });

/** For a message: the claims of a token, or why there are none. */
export function claimsOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch (error) {
    return String(error);
  }
}
