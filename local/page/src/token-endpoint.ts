/** Asking the API for a meeting token, and telling a person why it did not give one. */
import * as v from 'valibot';
import { Problem } from './problem.ts';
import { reach } from './reach.ts';

const Answer = v.object({
  room_name: v.string(),
  participant_name: v.string(),
  server_url: v.string(),
  participant_token: v.string(),
  expires_at: v.pipe(v.string(), v.isoTimestamp()),
  role: v.optional(v.picklist(['member', 'moderator', 'listener'])),
});

export type MeetingToken = v.InferOutput<typeof Answer>;

const Refusal = v.object({
  error: v.string(),
  code: v.string(),
  request_id: v.optional(v.string()),
  details: v.optional(v.array(v.object({ path: v.string(), message: v.string() }))),
});

export interface TokenRequest {
  club: string;
  name: string;
  bearer: string;
}

/** A token for the club's meeting; rejects with a `Problem` whatever goes wrong. */
export async function requestMeetingToken(endpoint: string, request: TokenRequest): Promise<MeetingToken> {
  const response = await reach('The API', endpoint, {
    method: 'POST',
    headers: { authorization: `Bearer ${request.bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reading_club_id: request.club, participant_name: request.name }),
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw refusal(response, body);
  const answer = v.safeParse(Answer, body);
  if (answer.success) return answer.output;
  throw new Problem('The API answered in a way that this page does not understand.', {
    why: answer.issues.map((issue) => `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`).join('; '),
    remedy: 'Check that page and API are of the same version.',
  });
}

/** An answer with a code is the endpoint's own; one without is the gateway's. */
function refusal(response: Response, body: unknown): Problem {
  const parsed = v.safeParse(Refusal, body);
  return parsed.success ? endpointRefusal(response, parsed.output) : gatewayRefusal(response.status);
}

function endpointRefusal(response: Response, refusal: v.InferOutput<typeof Refusal>): Problem {
  const request = refusal.request_id ? ` (request ${refusal.request_id})` : '';
  switch (refusal.code) {
    case 'not_a_member':
      return new Problem('You can’t enter this club’s meeting.', {
        why: 'Your sign-in does not list you as one of its members (status 403).',
        remedy: 'Choose a club that you belong to. If you have joined just now, sign in again.',
      });
    case 'unauthenticated':
      return new Problem('The API does not know who you are.', {
        why: 'Your sign-in names no reader (status 401).',
        remedy: 'Sign in again.',
      });
    case 'invalid_request':
    case 'invalid_json':
      return new Problem('The API did not accept what you chose.', {
        why: refusal.details?.map(({ path, message }) => `${path}: ${message}`).join('; ') || refusal.error,
        remedy: 'Correct it and try again.',
      });
    case 'credentials_unavailable': {
      const seconds = Number(response.headers.get('retry-after')) || 0;
      return new Problem('Meetings can’t be opened at the moment.', {
        why: `The API has no usable LiveKit credentials (status 503)${request}.`,
        remedy: `Try again ${seconds > 0 ? `in ${seconds} s` : 'shortly'}. If it stays so, check LIVEKIT_API_KEY and LIVEKIT_API_SECRET in .env, or the secret in Secrets Manager.`,
      });
    }
    default:
      return new Problem('The API failed.', {
        why: `${refusal.error} (status ${response.status}, ${refusal.code})${request}.`,
        remedy: 'Try again; if it stays so, the function’s log has the cause under this request.',
      });
  }
}

function gatewayRefusal(status: number): Problem {
  switch (status) {
    case 401:
      return new Problem('The gateway did not accept your sign-in.', {
        why: 'It is expired, meant for another application, or signed by an issuer that the gateway does not trust (status 401).',
        remedy:
          'Sign in again. If it stays so, compare the issuer and audience of the API with those of your sign-in.',
      });
    case 403:
      return new Problem('Your sign-in does not reach as far as this.', {
        why: 'It lacks a scope that the gateway asks for (status 403).',
        remedy: 'Sign in with a scope that the API accepts.',
      });
    case 404:
      return new Problem('The API has no token endpoint here.', {
        why: 'The gateway knows no such route (status 404).',
        remedy: 'Check the address of the API that this page was started with.',
      });
    case 429:
      return new Problem('Too many people ask at once.', {
        why: 'The gateway slows everybody down (status 429).',
        remedy: 'Wait some seconds and try again.',
      });
    default:
      return new Problem('The gateway could not answer.', {
        why: `It answered with status ${status}, and not in the endpoint’s words.`,
        remedy: 'Try again; if it stays so, look into the logs of the gateway and the function.',
      });
  }
}
