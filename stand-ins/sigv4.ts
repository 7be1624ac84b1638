import { createHash } from 'node:crypto';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';

/** What a client of one AWS service must know to sign its requests. */
export interface Signer {
  accessKeyId: string;
  secretAccessKey: string;
  /** Temporary credentials, like those of a Lambda function, come with one. */
  sessionToken: string;
  region: string;
  service: string;
}

/** The parts of an HTTP request that a signature covers. */
export interface SignedRequest {
  method: string;
  /** Every value of each header, names in lower case, as node's `headersDistinct`. */
  headers: Readonly<Partial<Record<string, string[]>>>;
  body: Buffer;
}

/** Why AWS would refuse a request before it reaches any service: `code` is the answer's `__type`. */
export interface SignatureFault {
  code: string;
  message: string;
}

/** AWS refuses a request that was signed this long before or after now. */
const maxSkewMs = 5 * 60 * 1000;

/**
 * Checks a request to `/` (where the JSON services take everything) against AWS Signature Version 4: signs it again with the
 * SDK's own signer, as of the date that it carries, and compares.
 *
 * @returns the first fault, or `undefined` if the request is the signer's, unaltered and recent.
 */
export async function findSignatureFault(
  { method, headers, body }: SignedRequest,
  signer: Signer,
  now: Date,
): Promise<SignatureFault | undefined> {
  const header = (name: string) => headers[name]?.join(',') ?? '';

  if (!header('authorization')) {
    return { code: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' };
  }
  const authorization =
    /^AWS4-HMAC-SHA256 Credential=([^/, ]+)\/([^, ]+), ?SignedHeaders=([a-z0-9;-]+), ?(Signature=[0-9a-f]{64})$/.exec(
      header('authorization'),
    );
  if (!authorization) {
    return incomplete(
      "Authorization header needs 'AWS4-HMAC-SHA256', 'Credential', 'SignedHeaders' and 'Signature'.",
    );
  }
  const [, accessKeyId, scope, signedHeaders = '', signature = ''] = authorization;

  const signedNames = new Set(signedHeaders.split(';'));
  const unsigned = Object.keys(headers).find(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signedNames.has(name),
  );
  if (unsigned !== undefined) {
    return invalid(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
  }

  const timestamp = header('x-amz-date');
  const signedAt = parseTimestamp(timestamp);
  if (Number.isNaN(signedAt)) {
    return incomplete("Authorization header requires existence of 'X-Amz-Date', as yyyyMMddTHHmmssZ.");
  }
  if (signedAt < now.getTime() - maxSkewMs) {
    return invalid(`Signature expired: ${timestamp} is more than 5 min. ago.`);
  }
  if (signedAt > now.getTime() + maxSkewMs) {
    return invalid(`Signature not yet current: ${timestamp} is more than 5 min. ahead.`);
  }
  const rightScope = `${timestamp.slice(0, 8)}/${signer.region}/${signer.service}/aws4_request`;
  if (scope !== rightScope) return invalid(`Credential should be scoped to ${rightScope}, not ${scope}.`);
  if (accessKeyId !== signer.accessKeyId || header('x-amz-security-token') !== signer.sessionToken) {
    return {
      code: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    };
  }

  const { region, service } = signer;
  const signAgain = new SignatureV4({
    credentials: signer,
    region,
    service,
    sha256: Sha256,
    applyChecksum: false,
  });
  const signedAgain = await signAgain.sign(
    {
      method,
      protocol: 'http:',
      hostname: header('host'),
      path: '/',
      headers: Object.fromEntries([...signedNames].map((name) => [name, header(name)])),
      body,
    },
    { signingDate: new Date(signedAt), signableHeaders: signedNames },
  );
  const bodyHash = createHash('sha256').update(body).digest('hex');
  // The signer believes this header, where there is one.
  const claimedHash = header('x-amz-content-sha256') || bodyHash;
  if (!signedAgain.headers['authorization']?.endsWith(signature) || claimedHash !== bodyHash) {
    return invalid(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    );
  }
  return undefined;
}

/** Epoch milliseconds of AWS's basic ISO 8601 form, `20261123T100000Z`; `NaN` for what is none. */
function parseTimestamp(timestamp: string): number {
  return Date.parse(timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function incomplete(message: string): SignatureFault {
  return { code: 'IncompleteSignatureException', message };
}

function invalid(message: string): SignatureFault {
  return { code: 'InvalidSignatureException', message };
}
