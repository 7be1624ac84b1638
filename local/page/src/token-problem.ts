/** Explains why the API gave no meeting token, to a person who may be a developer. */
import type { TokenError } from '../../../client/index.ts';
import { fieldOf, nameOfField } from './choices.ts';
import { Problem } from './problem.ts';
import { unreachable } from './reach.ts';

/** What happened, why, and what to do, for the client's error; `endpoint` is the URL of the request. */
export async function tokenProblem(error: TokenError, endpoint: string): Promise<Problem> {
  const status = `(status ${error.status})`;
  const request = error.requestId ? ` (request ${error.requestId})` : '';
  switch (error.code) {
    case 'not_a_member':
      return new Problem('You can’t enter this club’s meeting.', {
        why: `Your sign-in does not list you as one of its members ${status}.`,
        remedy: 'Choose a club that you belong to. If you have joined just now, sign in again.',
      });
    case 'unauthenticated':
      return new Problem('The API does not know who you are.', {
        why: `Your sign-in has no reader id ${status}.`,
        remedy: 'Sign in again.',
      });
    case 'invalid_request':
    case 'invalid_json':
      return new Problem('The API did not accept what you chose.', {
        why:
          error.details.map(({ path, message }) => `${nameOfField(path)} ${message}`).join('; ') ||
          error.message,
        remedy: 'Correct it and try again.',
        fields: error.details.flatMap(({ path }) => fieldOf(path) ?? []),
      });
    case 'credentials_unavailable': {
      const when = error.retryAfterMs === undefined ? 'shortly' : `in ${error.retryAfterMs / 1000} s`;
      return new Problem('Meetings can’t be opened at the moment.', {
        why: `The API has no usable LiveKit credentials ${status}${request}.`,
        remedy: `Try again ${when}. If it stays so, check LIVEKIT_API_KEY and LIVEKIT_API_SECRET in .env, or the secret in Secrets Manager.`,
      });
    }
    case 'gateway_unauthorized':
      return new Problem('The gateway did not accept your sign-in.', {
        why: `It is expired, meant for another application, or signed by an issuer that the gateway does not trust ${status}.`,
        remedy:
          'Sign in again. If it stays so, compare the issuer and audience of the API with those of your sign-in.',
      });
    case 'gateway_forbidden':
      return new Problem('Your sign-in does not allow this.', {
        why: `It lacks a scope that the gateway requires ${status}.`,
        remedy: 'Sign in with a scope that the API accepts.',
      });
    case 'gateway_not_found':
      return new Problem('The API has no token endpoint here.', {
        why: `The gateway knows no such route ${status}.`,
        remedy: 'Check the address of the API that this page was started with.',
      });
    case 'gateway_throttled':
      return new Problem('There are too many requests at the moment.', {
        why: `The gateway throttles them ${status}.`,
        remedy: 'Wait some seconds and try again.',
      });
    case 'gateway_error':
      return new Problem('The gateway could not answer.', {
        why: `Its answer is not the endpoint’s ${status}.`,
        remedy: 'Try again; if it stays so, look into the logs of the gateway and the function.',
      });
    case 'unexpected_answer':
      return new Problem('The API answered in a way that this page does not understand.', {
        why: `${error.message}.`,
        remedy: 'Check that the page and the API have the same version.',
      });
    case 'no_answer':
      return unreachable('The API', endpoint);
    case 'timeout':
      return new Problem('The API does not answer.', {
        why: 'No answer came within half a minute.',
        remedy: 'Check the network, and try again.',
      });
    case 'body_too_large':
    case 'unsupported_media_type':
    case 'token_generation_failed':
      return new Problem('The API failed.', {
        why: `${error.message}.`,
        remedy: 'Try again; if it stays so, the function’s log has the cause under this request.',
      });
  }
}
