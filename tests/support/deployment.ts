/**
 * A deployment as `smoke` sees it, with the fault that a test chooses. It listens on loopback and answers like gateway and function
 * together. It can have faults that the real ones can't have.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { TokenAnswer } from '../../lib/contract.ts';
import type { Target } from '../../scripts/smoke/target.ts';
import { listen } from './listen.ts';
import { assembled, claims as claimsOf, seconds, signed, video } from './tokens.ts';

export const origin = 'https://booky.example';
const club = '123';

/** Which wrong request it is, if any. */
type Asked = 'token' | 'no bearer' | 'forged bearer' | 'bad body' | 'another club' | 'preflight';

interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Faults {
  /** The claims of the meeting token over the good ones. */
  claims?: Record<string, unknown>;
  apiSecret?: string;
  /** Fields of the answer over the good ones. */
  answer?: Partial<TokenAnswer>;
  /** Answers in place of the good ones. */
  replies?: Partial<Record<Asked, Reply>>;
  /** `cache-control` of the answers. */
  caching?: string;
  /** Claims of the reader's own JWT over the good ones. */
  bearer?: Record<string, unknown>;
}

/** Ends with the test. */
export async function startDeployment(faults: Faults = {}): Promise<Target> {
  const bearer = signIn(faults.bearer);
  const server = createServer(async (request, response) => {
    const asked = await whatIsAsked(request, bearer);
    const { status, body, headers } =
      faults.replies?.[asked] ?? goodReply(asked, request.headers.origin, faults);
    response.writeHead(status, {
      'content-type': 'application/json',
      'cache-control': faults.caching ?? 'no-store',
      ...headers,
    });
    response.end(body === undefined ? '' : JSON.stringify(body));
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/api/reading-clubs/meetings/token`,
    club,
    forbiddenClub: '456',
    origin,
    bearer: async () => bearer,
  };
}

/** The reader's own JWT; nothing here verifies it. */
function signIn({ alg = 'RS256', ...claims }: Record<string, unknown> = {}): string {
  const payload = {
    iss: 'https://issuer.example',
    aud: 'booky',
    sub: 'user-001',
    exp: seconds() + 600,
    ...claims,
  };
  return assembled({ alg, kid: 'key-1' }, payload);
}

async function whatIsAsked(request: IncomingMessage, bearer: string): Promise<Asked> {
  if (request.method === 'OPTIONS') return 'preflight';
  let text = '';
  for await (const chunk of request) text += chunk.toString();
  const { authorization } = request.headers;
  if (authorization === undefined) return 'no bearer';
  if (authorization !== `Bearer ${bearer}`) return 'forged bearer';
  const { reading_club_id: id } = JSON.parse(text);
  return id === club ? 'token' : id === 'not a club' ? 'bad body' : 'another club';
}

function goodReply(asked: Asked, from: string | undefined, faults: Faults): Reply {
  switch (asked) {
    case 'preflight':
      return {
        status: 204,
        headers: {
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': 'authorization,content-type',
          ...(from === origin && { 'access-control-allow-origin': origin }),
        },
      };
    case 'no bearer':
    case 'forged bearer':
      return { status: 401, body: { message: 'Unauthorized' } };
    case 'bad body':
      return { status: 400, body: { code: 'invalid_request', error: 'Invalid.' } };
    case 'another club':
      return { status: 403, body: { code: 'not_a_member', error: 'Forbidden.' } };
    case 'token':
      return { status: 200, body: goodAnswer(faults) };
  }
}

function goodAnswer({ claims, apiSecret = 'secret', answer }: Faults): object {
  const complete = claimsOf(claims);
  const token = signed(complete, { secret: apiSecret });
  return {
    token,
    room_name: video.room,
    participant_name: 'Ana',
    role: 'member',
    server_url: 'ws://127.0.0.1:9',
    participant_token: token,
    expires_at: new Date((Number(complete['exp']) || seconds() + 600) * 1000).toISOString(),
    ...answer,
  };
}
