/** Finds what the gateway's 401 is about (issuer, audience or time), from its `www-authenticate` and from the JWT. */
import { type Check, check } from '../../token-check/check.ts';
import type { Reply } from '../../token-check/send.ts';
import { readJwt } from './read-jwt.ts';

/** @param now seconds since 1970 */
export function explainGatewayRefusal({ headers }: Reply, bearer: string, now: number): Check {
  const [, challenge = ''] = /error_description="([^"]*)"/.exec(headers.get('www-authenticate') ?? '') ?? [];
  const said = challenge === '' ? [] : [`The gateway says: “${challenge}”.`];
  const refused = (code: string, meaning: string, remedy: string) =>
    check('bad', code, 'sign-in', '401', meaning, ...said, `To put it right: ${remedy}`);

  const jwt = readJwt(bearer);
  if (jwt === undefined) {
    return refused(
      'bearer-no-jwt',
      'the bearer is not a JWT',
      'Use the complete JWT of the reader’s sign-in.',
    );
  }
  const { claims, algorithm } = jwt;
  if (!/^RS(256|384|512)$/.test(algorithm)) {
    const remedy =
      'video' in claims
        ? 'Use the JWT of the reader’s sign-in: this is a meeting token, for LiveKit and not for the gateway.'
        : 'Have the identity provider sign with RS256 (docs/sign-in.md): no parameter can change what the gateway accepts.';
    return refused('bearer-algorithm', `signed with ${algorithm}: the gateway accepts only RSA`, remedy);
  }
  if (typeof claims.exp === 'number' && claims.exp <= now) {
    const meaning = `the bearer has expired: exp is ${new Date(claims.exp * 1000).toISOString()}`;
    return refused('bearer-expired', meaning, 'Sign in again.');
  }
  if ((claims.nbf ?? 0) > now || (claims.iat ?? 0) > now) {
    return refused('bearer-early', 'the bearer is not valid yet: nbf or iat', 'Set the issuer’s clock.');
  }
  const audience = claims.aud ?? claims['client_id'];
  if (audience === undefined) {
    return refused(
      'bearer-no-audience',
      'the bearer has neither aud nor client_id: the gateway accepts no such JWT',
      'Have the identity provider sign an aud, and name that in the parameter "audience" (docs/sign-in.md).',
    );
  }
  const issuer = claims.iss ?? 'missing';
  if (/expired/i.test(challenge)) {
    return refused('bearer-expired', 'the bearer has expired by the gateway’s clock', 'Sign in again.');
  }
  if (/audience|client_id/i.test(challenge)) {
    return refused(
      'bearer-audience',
      `the bearer’s audience is not accepted: ${String(audience)}`,
      'Name it in the parameter "audience" and deploy, or use the JWT that was signed for this API.',
    );
  }
  if (/iss\b|issuer|key|kid|signature|discovery/i.test(challenge)) {
    return refused(
      'bearer-issuer',
      `the bearer’s issuer is not the deployment’s, or the key is not the issuer’s: ${issuer}`,
      'Deploy with the parameter "issuer" exactly as in iss; a slash at the end counts.',
    );
  }
  return refused(
    'bearer-refused',
    'the gateway does not accept the bearer, and does not say why',
    `It has not expired. Compare its issuer, ${issuer}, and its audience, ${String(audience)}, with the deployment’s parameters, character by character.`,
  );
}
