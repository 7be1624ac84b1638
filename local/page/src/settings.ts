import type { Role } from '../../../lib/contract.ts';

/** The URLs and the sign-in that the page uses. They come from the page's server, so the page works with any stack. */
export interface PageSettings {
  /** The full URL of the token endpoint. */
  tokenEndpoint: string;
  /** How readers sign in; another kind of identity provider is another variant here and in `sign-in.ts`. */
  signIn:
    | {
        kind: 'development';
        issuerUrl: string;
        /** The claims that list a reader's clubs, by the reader's role in them. */
        claims: { readonly [role in Role]?: string };
      }
    /** A Cognito user pool with readers who exist only for a rehearsal: Cognito's URL, and passwords by readers' ids. */
    | { kind: 'user-pool'; url: string; clientId: string; passwords: Record<string, string> };
}
