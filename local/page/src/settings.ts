import type { SignInClaims } from '../../development-sign-in.ts';

/** The URLs and the sign-in that the page uses. They come from the page's server, so the page works with any stack. */
export interface PageSettings {
  /** The full URL of the token endpoint. */
  tokenEndpoint: string;
  /** How readers sign in; another kind of identity provider is another variant here and in `sign-in.ts`. */
  signIn:
    | { kind: 'development'; issuerUrl: string; claims: SignInClaims }
    /** A Cognito user pool with readers who exist only for a rehearsal: Cognito's URL, and passwords by readers' ids. */
    | { kind: 'user-pool'; url: string; clientId: string; passwords: Record<string, string> };
}
