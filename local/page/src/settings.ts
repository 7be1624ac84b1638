/** The URLs and the sign-in that the page uses. They come from the page's server, so the page works with any stack. */
import * as v from 'valibot';

const url = v.pipe(v.string(), v.url());

const PageSettings = v.object({
  /** The full URL of the token endpoint. */
  tokenEndpoint: url,
  /** How readers sign in; another kind of identity provider is another variant here and in `sign-in.ts`. */
  signIn: v.variant('kind', [
    v.object({
      kind: v.literal('development'),
      issuerUrl: url,
      /** The claims that list a reader's clubs, by the reader's role in them. */
      claims: v.object({ member: v.string(), moderator: v.string(), listener: v.string() }),
    }),
    /** A Cognito user pool with readers who exist only for a rehearsal: Cognito's URL, and passwords by readers' ids. */
    v.object({
      kind: v.literal('user-pool'),
      url,
      clientId: v.string(),
      passwords: v.record(v.string(), v.string()),
    }),
  ]),
});

export type PageSettings = v.InferOutput<typeof PageSettings>;

/** Reads the settings from the page's server; rejects when there are none, which a person can't fix. */
export async function loadSettings(): Promise<PageSettings> {
  const response = await fetch('/settings.json');
  return v.parse(PageSettings, await response.json());
}
