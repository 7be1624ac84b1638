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

/** AWS refuses a request that was signed this long before or after now. */
const maxSkewMs = 5 * 60 * 1000;

/**
 * Whether a request to `/` (where the JSON services take everything) is the signer's, unaltered and recent, by AWS Signature
 * Version 4: signs it again with the SDK's own signer, as of the date that it carries, and compares.
 */
export async function isSigned(
  { method, headers, body }: SignedRequest,
  signer: Signer,
  now: Date,
): Promise<boolean> {
  const header = (name: string) => headers[name]?.join(',') ?? '';
  const signedNames = new Set(/SignedHeaders=([^, ]+)/.exec(header('authorization'))?.[1]?.split(';'));
  const mustBeSigned = Object.keys(headers).filter((name) => /^(host$|x-amz-)/.test(name));
  // AWS's form of ISO 8601: 20261123T100000Z.
  const date = header('x-amz-date').replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5');
  const signingDate = new Date(date);
  const isRecent = Math.abs(signingDate.getTime() - now.getTime()) <= maxSkewMs;
  if (!isRecent || !mustBeSigned.every((name) => signedNames.has(name))) return false;

  const { region, service } = signer;
  const again = new SignatureV4({
    credentials: signer,
    region,
    service,
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = Object.fromEntries([...signedNames].map((name) => [name, header(name)]));
  const request = { method, protocol: 'http:', hostname: header('host'), path: '/', headers: signed, body };
  const { headers: right } = await again.sign(request, { signingDate, signableHeaders: signedNames });
  const bodyHash = createHash('sha256').update(body).digest('hex');
  // The signer believes this header, where there is one.
  const claimedHash = header('x-amz-content-sha256') || bodyHash;
  return right['authorization'] === header('authorization') && claimedHash === bodyHash;
}
