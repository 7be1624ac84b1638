import { type Role, roles } from '../lib/contract.ts';

/** The names of the claims, as the function reads them (lib/reader.ts). */
export interface SignInClaims {
  identity: string;
  name: string;
  clubs: { readonly [role in Role]?: string | undefined };
  clubsPrefix?: string | undefined;
}

/** Whom the development issuer should sign a JWT for. */
export interface DevelopmentReader {
  id: string;
  /** `undefined` for a JWT without a name. */
  name: string | undefined;
  /** The club that they have this role in. */
  clubs: { readonly [role in Role]?: string | undefined };
}

/** The query of a request for that JWT: the development issuer signs what it is asked for, under the names that the function reads. */
export function signInQuery(names: SignInClaims, { id, name, clubs }: DevelopmentReader): URLSearchParams {
  const query = new URLSearchParams({ sub: id });
  query.set(names.identity, id);
  if (name) query.set(names.name, name);
  for (const role of roles) {
    const [claim, club] = [names.clubs[role], clubs[role]];
    if (claim === undefined || club === undefined) continue;
    // Given twice, the second time empty: an array with one element.
    for (const element of [(names.clubsPrefix ?? '') + club, '']) query.append(claim, element);
  }
  return query;
}
