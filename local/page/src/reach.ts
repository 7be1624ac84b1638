import { Problem } from './problem.ts';

/** `fetch`, but rejects with a `Problem` where there is no readable answer. */
export async function reach(who: string, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw await unreachable(who, url);
  }
}

/**
 * Why a request brought no answer that the page may read. A server that is down and one whose CORS does not allow the page look
 * the same to the page. A second request, whose answer the page does not read, shows the difference.
 */
export async function unreachable(who: string, url: string): Promise<Problem> {
  const { origin } = new URL(url);
  if (await answers(origin)) {
    return new Problem(`${who} answers, but not to this page.`, {
      why: `The browser lets ${window.location.origin} read answers of ${origin} only if its CORS names this origin.`,
      remedy: `Open the page under an origin that it allows, or add ${window.location.origin} to its allowed origins (parameter "origins").`,
    });
  }
  return new Problem(`${who} does not answer.`, {
    why: `No server could be reached at ${origin}.`,
    remedy: 'Run "npm start" in the repository, wait for its line with "Ready", and try again.',
  });
}

function answers(origin: string): Promise<boolean> {
  return fetch(origin, { mode: 'no-cors' }).then(
    () => true,
    () => false,
  );
}
