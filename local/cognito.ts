/** Signing in to a Cognito user pool with a password, which needs no permission in AWS. The meeting page of a rehearsal does it too. */
import * as v from 'valibot';

const answerSchema = v.object({
  AuthenticationResult: v.optional(v.object({ AccessToken: v.string() })),
  ChallengeName: v.optional(v.string()),
  /** With an error. */
  message: v.optional(v.string()),
});

/**
 * The user's access token.
 *
 * @param url Cognito's
 * @param clientId of an app client that allows `USER_PASSWORD_AUTH`
 * @throws {Error} with what the user pool says
 */
export async function signInToUserPool(
  url: string,
  clientId: string,
  user: { USERNAME: string; PASSWORD: string },
): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({ AuthFlow: 'USER_PASSWORD_AUTH', ClientId: clientId, AuthParameters: user }),
  });
  const { message, ...answer } = v.parse(answerSchema, await response.json());
  if (!response.ok) throw new Error(message ?? `The user pool answered ${response.status}.`);
  const { AuthenticationResult: result, ChallengeName: challenge } = answer;
  if (result) return result.AccessToken;
  throw new Error(`The user pool wants more of this reader than a password: ${challenge}.`);
}
