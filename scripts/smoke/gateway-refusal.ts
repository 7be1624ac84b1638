/** Which of issuer, audience and time the gateway's 401 is about: from its `www-authenticate`, and from the JWT itself. */
import { type Check, check } from './check.ts';
import { readJwt } from './read-jwt.ts';
import type { Reply } from './send.ts';

const subject = 'sign-in';

/** What the gateway says of a JWT, by what it says it about. */
const challenges: readonly { words: RegExp; name: 'expiry' | 'audience' | 'issuer' }[] = [
  { words: /expired/i, name: 'expiry' },
  { words: /audience|client_id/i, name: 'audience' },
  { words: /iss\b|issuer|key|kid|signature|discovery/i, name: 'issuer' },
];

/** @param now seconds since 1970 */
export function explainGatewayRefusal({ headers }: Reply, bearer: string, now: number): Check {
  const challenge = /error_description="([^"]*)"/.exec(headers.get('www-authenticate') ?? '')?.[1];
  const said = challenge === undefined ? [] : [`The gateway says: “${challenge}”.`];
  const refused = (code: string, meaning: string, remedy: string) =>
    check('bad', code, subject, '401', meaning, ...said, `To put it right: ${remedy}`);

  const jwt = readJwt(bearer);
  if (jwt === undefined) {
    return refused('bearer-no-jwt', 'the bearer is no JWT', 'Take the JWT of the reader’s sign-in, whole.');
  }
  const { claims, algorithm } = jwt;
  if (!/^RS(256|384|512)$/.test(algorithm)) {
    const remedy =
      'Take the JWT of the reader’s sign-in: a meeting token is for LiveKit, not for the gateway.';
    return refused('bearer-algorithm', `signed with ${algorithm}: the gateway takes RSA alone`, remedy);
  }
  if (typeof claims.exp === 'number' && claims.exp <= now) {
    const meaning = `the bearer’s expiry is over: exp is ${new Date(claims.exp * 1000).toISOString()}`;
    return refused('bearer-expired', meaning, 'Sign in again.');
  }
  if ((claims.nbf ?? 0) > now || (claims.iat ?? 0) > now) {
    return refused('bearer-early', 'the bearer is of the future: nbf or iat', 'Set the issuer’s clock.');
  }
  const audience = String(claims.aud ?? claims['client_id'] ?? 'missing');
  const issuer = claims.iss ?? 'missing';
  switch (challenges.find(({ words }) => challenge !== undefined && words.test(challenge))?.name) {
    case 'expiry':
      return refused(
        'bearer-expired',
        'the bearer’s expiry is over by the gateway’s clock',
        'Sign in again.',
      );
    case 'audience':
      return refused(
        'bearer-audience',
        `the bearer’s audience is not accepted: ${audience}`,
        'Deploy with the parameter "audience" naming it, or take the JWT that was signed for this API.',
      );
    case 'issuer':
      return refused(
        'bearer-issuer',
        `the bearer’s issuer is not the deployment’s, or the key is not the issuer’s: ${issuer}`,
        'Deploy with the parameter "issuer" exactly as in iss, where a slash at the end counts.',
      );
    default:
      return refused(
        'bearer-refused',
        'the gateway does not accept the bearer, and does not say why',
        `It is not expired. Compare its issuer, ${issuer}, and its audience, ${audience}, with the deployment’s parameters, to the letter.`,
      );
  }
}
