/** An identity provider as teams have it: a Cognito user pool, whose groups are the clubs. */
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { MiniStack } from './ministack.ts';

export type UserPool = Awaited<ReturnType<typeof createUserPool>>;
export type Reader = Awaited<ReturnType<UserPool['addReader']>>;

const poolSchema = v.object({ UserPool: v.object({ Id: v.string() }) });
const clientSchema = v.object({ UserPoolClient: v.object({ ClientId: v.string() }) });
const signedInSchema = v.object({
  AuthenticationResult: v.object({ AccessToken: v.string(), IdToken: v.string() }),
});

export async function createUserPool({ aws, region }: MiniStack) {
  const created = await aws('cognito-idp create-user-pool', { 'pool-name': 'readers' });
  const poolId = v.parse(poolSchema, created).UserPool.Id;
  const inPool = (command: string, options: Parameters<typeof aws>[1]) =>
    aws(`cognito-idp ${command}`, { 'user-pool-id': poolId, ...options });

  /** Creates an app. The endpoint does not accept the tokens of any but the web app. */
  const addClient = async (name: string) => {
    const client = await inPool('create-user-pool-client', {
      'client-name': name,
      'explicit-auth-flows': ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
    });
    return v.parse(clientSchema, client).UserPoolClient.ClientId;
  };
  const audience = await addClient('web');

  /** The first reader that needs a group creates it. */
  const groups = new Map<string, Promise<unknown>>();
  const groupOf = (club: string) => {
    const name = `reading-club-${club}`;
    const group = groups.get(name) ?? inPool('create-group', { 'group-name': name });
    groups.set(name, group);
    return group.then(() => name);
  };

  return {
    /** The claim `iss` of its tokens. */
    issuer: `https://cognito-idp.${region}.amazonaws.com/${poolId}`,
    /** The client id of the web app, which is the audience of the tokens. */
    audience,
    addClient,
    /** Creates a reader with this name and these clubs' ids. */
    addReader: async (username: string, { name, clubs }: { name: string; clubs: readonly string[] }) => {
      // No sign that means something in a shell.
      const password = `Aa1-${randomBytes(12).toString('hex')}`;
      await inPool('admin-create-user', {
        username,
        'message-action': 'SUPPRESS',
        'user-attributes': `Name=name,Value=${name}`,
      });
      await inPool('admin-set-user-password', { username, password, permanent: [] });
      for (const club of clubs) {
        await inPool('admin-add-user-to-group', { username, 'group-name': await groupOf(club) });
      }
      /** Signs in to the web app, or to another one. */
      const signIn = async (clientId = audience) => {
        const signedIn = await aws('cognito-idp initiate-auth', {
          'auth-flow': 'USER_PASSWORD_AUTH',
          'client-id': clientId,
          'auth-parameters': `USERNAME=${username},PASSWORD=${password}`,
        });
        const { AccessToken: access, IdToken: id } = v.parse(signedInSchema, signedIn).AuthenticationResult;
        return { access, id };
      };
      return { username, password, signIn };
    },
  };
}
