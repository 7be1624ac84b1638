/** An identity provider as teams have it: a Cognito user pool, whose groups are the clubs. */
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { type Aws, anything } from './aws.ts';

/** What a reader has after signing in. */
export interface Jwts {
  access: string;
  id: string;
}

export interface UserPool {
  /** The claim `iss` of its tokens. */
  issuer: string;
  /** The client id of the web app, which is the audience of the tokens. */
  audience: string;
  /** Creates a reader with this name and these clubs' ids; the result signs in as this reader. */
  addReader: (username: string, reader: { name: string; clubs: readonly string[] }) => Promise<Reader>;
  /** Another app in the same pool. The endpoint does not accept its tokens. */
  addClient: (name: string) => Promise<string>;
}

export interface Reader {
  username: string;
  password: string;
  /** Signs in to the web app, or to another one. */
  signIn: (clientId?: string) => Promise<Jwts>;
}

const poolSchema = v.object({ UserPool: v.object({ Id: v.string() }) });
const clientSchema = v.object({ UserPoolClient: v.object({ ClientId: v.string() }) });
const signedInSchema = v.object({
  AuthenticationResult: v.object({ AccessToken: v.string(), IdToken: v.string() }),
});

export async function createUserPool(aws: Aws, region: string): Promise<UserPool> {
  const cognito = <Schema extends v.GenericSchema>(args: readonly string[], schema: Schema) =>
    aws(['cognito-idp', ...args], schema);

  const {
    UserPool: { Id: poolId },
  } = await cognito(['create-user-pool', '--pool-name', 'readers'], poolSchema);
  const ofPool = ['--user-pool-id', poolId];

  const addClient = async (name: string) => {
    const { UserPoolClient } = await cognito(
      [
        'create-user-pool-client',
        ...ofPool,
        '--client-name',
        name,
        '--explicit-auth-flows',
        'ALLOW_USER_PASSWORD_AUTH',
        'ALLOW_REFRESH_TOKEN_AUTH',
      ],
      clientSchema,
    );
    return UserPoolClient.ClientId;
  };
  const audience = await addClient('web');

  /** The first reader that needs a group creates it. */
  const groups = new Map<string, Promise<unknown>>();
  const addToGroup = async (username: string, group: string) => {
    const made = groups.get(group) ?? cognito(['create-group', ...ofPool, '--group-name', group], anything);
    groups.set(group, made);
    await made;
    await cognito(
      ['admin-add-user-to-group', ...ofPool, '--username', username, '--group-name', group],
      anything,
    );
  };

  return {
    issuer: `https://cognito-idp.${region}.amazonaws.com/${poolId}`,
    audience,
    addClient,
    addReader: async (username, { name, clubs }) => {
      const password = `Aa1!${randomBytes(12).toString('hex')}`;
      await cognito(
        [
          'admin-create-user',
          ...ofPool,
          '--username',
          username,
          '--message-action',
          'SUPPRESS',
          '--user-attributes',
          `Name=name,Value=${name}`,
        ],
        anything,
      );
      await cognito(
        ['admin-set-user-password', ...ofPool, '--username', username, '--password', password, '--permanent'],
        anything,
      );
      for (const club of clubs) await addToGroup(username, `reading-club-${club}`);

      const signIn = async (clientId = audience) => {
        const { AuthenticationResult } = await cognito(
          [
            'initiate-auth',
            '--auth-flow',
            'USER_PASSWORD_AUTH',
            '--client-id',
            clientId,
            '--auth-parameters',
            `USERNAME=${username},PASSWORD=${password}`,
          ],
          signedInSchema,
        );
        return { access: AuthenticationResult.AccessToken, id: AuthenticationResult.IdToken };
      };
      return { username, password, signIn };
    },
  };
}
