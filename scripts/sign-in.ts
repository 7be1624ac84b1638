/**
 * `npm run --silent sign-in`: signs a test reader in to a Cognito user pool, and prints the JWT to standard output, for
 * BEARER_TOKEN. For another identity provider, replace this script.
 */
import process from 'node:process';
import { signInToUserPool } from '../local/cognito.ts';

const variables = {
  SIGN_IN_CLIENT_ID:
    "the id of an app client of the user pool that allows a user's password (USER_PASSWORD_AUTH)",
  SIGN_IN_USERNAME: "the reader's name in the user pool",
  SIGN_IN_PASSWORD: "the reader's password",
};

/** @throws {Error} naming the variable that is missing, and what it should be. */
function read(name: keyof typeof variables): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(`${name} is missing: it should be ${variables[name]}.`);
}

try {
  const region = process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'eu-central-1';
  const url = process.env['AWS_ENDPOINT_URL'] ?? `https://cognito-idp.${region}.amazonaws.com`;
  const clientId = read('SIGN_IN_CLIENT_ID');
  const user = { USERNAME: read('SIGN_IN_USERNAME'), PASSWORD: read('SIGN_IN_PASSWORD') };
  console.log(await signInToUserPool(url, clientId, user));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
