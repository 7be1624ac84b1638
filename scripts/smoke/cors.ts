/** The preflight requests of browsers: from the front end's origin, and from an origin that is not allowed. */
import { type Check, check } from '../../token-check/check.ts';
import { type Reply, send } from '../../token-check/send.ts';
import type { Target } from './target.ts';

/** No one can register a name under `.invalid`. */
const foreign = 'https://not-allowed.invalid';

export async function checkCors({ url, origin }: Target): Promise<Check[]> {
  const allowed =
    origin === undefined
      ? check('skipped', 'not-tried', 'CORS', 'not tried', 'name the front end’s origin with --origin')
      : judgeAllowed(origin, await preflight(url, origin));
  return [allowed, judgeForeign(await preflight(url, foreign))];
}

function preflight(url: string, origin: string): Promise<Reply> {
  return send(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
}

function judgeAllowed(origin: string, { status, headers }: Reply): Check {
  const lacks = [
    ...(headers.get('access-control-allow-origin') === origin ? [] : ['the origin']),
    ...(listed(headers, 'methods').includes('post') ? [] : ['POST']),
    ...['authorization', 'content-type'].filter((name) => !listed(headers, 'headers').includes(name)),
  ];
  if (status < 300 && lacks.length === 0) {
    return check('good', 'cors-allowed', 'CORS', origin, 'pages of this origin may call');
  }
  const meaning = `browsers block pages of this origin; not allowed: ${lacks.join(', ') || `status ${status}`}`;
  const remedy = 'To put it right: name the origin in the parameter "origins", exactly as browsers send it.';
  return check('bad', 'cors-refused', 'CORS', origin, meaning, remedy);
}

function judgeForeign({ headers }: Reply): Check {
  const granted = headers.get('access-control-allow-origin');
  if (granted !== foreign && granted !== '*') {
    return check('good', 'foreign-origin-refused', 'CORS', foreign, 'pages of other origins may not call');
  }
  const remedy = 'To put it right: list the front end’s origins, and no *, in the parameter "origins".';
  return check('bad', 'foreign-origin-allowed', 'CORS', foreign, 'every web page may call', remedy);
}

function listed(headers: Headers, name: 'methods' | 'headers'): string[] {
  return (headers.get(`access-control-allow-${name}`) ?? '').toLowerCase().split(/ *, */);
}
