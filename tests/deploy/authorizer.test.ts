/** The authorizer with tokens that Cognito would not issue: from another issuer, with required scopes. */
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anything } from '../../scripts/rehearsal/aws.ts';
import type { Stack } from '../../scripts/rehearsal/stack.ts';
import { type Claims, type Issuer, startIssuer } from '../../stand-ins/issuer.ts';
import { askForToken, type Cloud, startCloud } from './support/cloud.ts';

const club = 42;
const now = Math.floor(Date.now() / 1000);
const reader: Claims = { sub: 'user-001', aud: 'web', scope: 'openid meetings/join' };

let issuer: Issuer;
let cloud: Cloud;
let stack: Stack;

beforeAll(async () => {
  issuer = await startIssuer({ port: 0 });
  cloud = await startCloud();
  stack = await cloud.deploy({
    stage: 'staging',
    parameters: {
      issuer: 'https://login.example',
      audience: 'web,phone',
      scopes: 'meetings/join,meetings/host',
      origins: 'https://booky.example',
      'open-clubs': 'true',
    },
  });
  // An issuer on loopback can't be deployed. The audiences stay those of the deployment.
  const ofApi = ['--api-id', stack.apiId];
  const { Items: authorizers } = await cloud.aws(
    ['apigatewayv2', 'get-authorizers', ...ofApi],
    v.object({
      Items: v.tuple([
        v.object({
          AuthorizerId: v.string(),
          JwtConfiguration: v.object({
            Issuer: v.literal('https://login.example'),
            Audience: v.array(v.string()),
          }),
        }),
      ]),
    }),
  );
  const [{ AuthorizerId: id, JwtConfiguration: jwt }] = authorizers;
  const configuration = JSON.stringify({ ...jwt, Issuer: issuer.url });
  await cloud.aws(
    [
      'apigatewayv2',
      'update-authorizer',
      ...ofApi,
      '--authorizer-id',
      id,
      '--jwt-configuration',
      configuration,
    ],
    anything,
  );
});

afterAll(async () => {
  await cloud?.close();
  await issuer?.close();
});

const answerTo = async (claims: Claims) => {
  const { status, body } = await askForToken(stack, { bearer: await issuer.issueToken(claims), club });
  return { status, body };
};

test.each<[string, Claims]>([
  ['an audience and a scope of those accepted', reader],
  ['the other audience', { ...reader, aud: 'phone' }],
  ['one audience of several', { ...reader, aud: ['elsewhere', 'phone'] }],
  [
    'a client_id instead of an audience, as in Cognito’s access tokens',
    { ...reader, aud: undefined, client_id: 'web' },
  ],
  ['the other scope', { ...reader, scope: 'meetings/host' }],
])('%s: a token, for any club where clubs are open', async (_, claims) => {
  expect(await answerTo(claims)).toMatchObject({ status: 200, body: { room_name: 'reading-club-42' } });
});

test.each<[string, Claims]>([
  ['expired', { ...reader, exp: now - 3_600 }],
  ['not valid yet', { ...reader, nbf: now + 3_600 }],
  ['of another audience', { ...reader, aud: 'elsewhere' }],
  ['of another issuer', { ...reader, iss: 'https://login.example' }],
  ['of this issuer but for a slash', { ...reader, iss: 'SLASH' }],
])('%s: 401', async (_, claims) => {
  const issued = claims['iss'] === 'SLASH' ? { ...claims, iss: `${issuer.url}/` } : claims;
  expect(await answerTo(issued)).toEqual({ status: 401, body: { message: 'Unauthorized' } });
});

test.each<[string, Claims]>([
  ['another scope', { ...reader, scope: 'openid' }],
  ['no scope, as in an id token', { ...reader, scope: undefined }],
])('%s: 403', async (_, claims) => {
  expect(await answerTo(claims)).toMatchObject({ status: 403, body: { message: expect.any(String) } });
});
