/** Where the page finds the rest of the world: told by the server that serves it, so that it can play with any stack. */
import * as v from 'valibot';

const Settings = v.object({
  /** The full URL of the token endpoint. */
  tokenEndpoint: v.pipe(v.string(), v.url()),
  /** How readers sign in; another kind of identity provider is another variant here and in `sign-in.ts`. */
  signIn: v.variant('kind', [
    v.object({
      kind: v.literal('development'),
      issuerUrl: v.pipe(v.string(), v.url()),
      /** The claims that list a reader's clubs, by what the reader is there. */
      claims: v.object({ member: v.string(), moderator: v.string(), listener: v.string() }),
    }),
    v.object({
      /** A Cognito user pool with readers who exist for a rehearsal alone. */
      kind: v.literal('user-pool'),
      /** Where Cognito's API answers. */
      url: v.pipe(v.string(), v.url()),
      clientId: v.string(),
      /** The readers' passwords by their ids. */
      passwords: v.record(v.string(), v.string()),
    }),
  ]),
});

export type Settings = v.InferOutput<typeof Settings>;

/** One kind of identity provider, as the settings describe it. */
export type SignIn<Kind extends Settings['signIn']['kind']> = Extract<Settings['signIn'], { kind: Kind }>;

/** Reads the settings of the serving host; rejects when there are none, which a person can't mend. */
export async function loadSettings(): Promise<Settings> {
  const response = await fetch('/settings.json');
  return v.parse(Settings, await response.json());
}
