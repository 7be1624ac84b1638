/**
 * `npm run --silent sign-in`: signs a test reader in to a Cognito user pool, and prints the JWT to standard output, for
 * BEARER_TOKEN. This needs no permission in AWS. For another identity provider, replace this script.
 */
import process from 'node:process';
import * as v from 'valibot';

const variables = {
  SIGN_IN_CLIENT_ID:
    "the id of an app client of the user pool that allows a user's password (USER_PASSWORD_AUTH)",
  SIGN_IN_USERNAME: "the reader's name in the user pool",
  SIGN_IN_PASSWORD: "the reader's password",
};

const answerSchema = v.object({
  AuthenticationResult: v.optional(v.object({ AccessToken: v.string() })),
  ChallengeName: v.optional(v.string()),
  /** With an error. */
  message: v.optional(v.string()),
});

/** @throws {Error} naming the variable that is missing, and what it should be. */
function read(name: keyof typeof variables): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is missing: it should be ${variables[name]}.`);
}

try {
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'eu-central-1';
  const response = await fetch(
    process.env['AWS_ENDPOINT_URL'] ?? `https://cognito-idp.${region}.amazonaws.com`,
    {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
      },
      body: JSON.stringify({
        AuthFlow: 'USER_PASSWORD_AUTH',
        ClientId: read('SIGN_IN_CLIENT_ID'),
        AuthParameters: { USERNAME: read('SIGN_IN_USERNAME'), PASSWORD: read('SIGN_IN_PASSWORD') },
      }),
    },
  );
  const answer = v.parse(answerSchema, await response.json());
  if (!response.ok) throw new Error(answer.message ?? `The user pool answered ${response.status}.`);
  const { AuthenticationResult: result, ChallengeName: challenge } = answer;
  if (result === undefined) {
    throw new Error(`The user pool wants more of this reader than a password: ${challenge}.`);
  }
  console.log(result.AccessToken);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
