import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

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

const algorithm = 'AWS4-HMAC-SHA256';

/**
 * Checks a request to `/` (where the JSON services take everything) against AWS Signature Version 4, as the service's
 * front door does: the header's form, the date, the credential's scope, the key, the session token and the signature.
 *
 * @returns the first fault, or `undefined` if the request is the signer's, unaltered and recent.
 */
export function findSignatureFault(
  request: SignedRequest,
  signer: Signer,
  now: Date,
): SignatureFault | undefined {
  const header = (name: string) => canonicalValue(request.headers[name]);

  if (!header('authorization')) {
    return { code: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' };
  }
  const authorization = parseAuthorization(header('authorization'));
  if (!authorization) {
    return {
      code: 'IncompleteSignatureException',
      message: `Authorization header needs '${algorithm}', 'Credential', 'SignedHeaders' and 'Signature'.`,
    };
  }
  const { accessKeyId, date, region, service, signedHeaders, signature } = authorization;

  const unsigned = ['host', ...Object.keys(request.headers)].find(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name),
  );
  if (unsigned !== undefined) {
    return invalidSignature(`'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
  }

  const timestamp = header('x-amz-date');
  const signedAt = parseTimestamp(timestamp);
  if (signedAt === undefined) {
    return {
      code: 'IncompleteSignatureException',
      message: "Authorization header requires existence of 'X-Amz-Date', as yyyyMMddTHHmmssZ.",
    };
  }
  if (signedAt < now.getTime() - maxSkewMs) {
    return invalidSignature(`Signature expired: ${timestamp} is more than 5 min. ago.`);
  }
  if (signedAt > now.getTime() + maxSkewMs) {
    return invalidSignature(`Signature not yet current: ${timestamp} is more than 5 min. ahead.`);
  }
  if (date !== timestamp.slice(0, 8)) {
    return invalidSignature(`Date in Credential scope does not match YYYYMMDD from ISO-8601: ${timestamp}.`);
  }
  if (region !== signer.region) {
    return invalidSignature(`Credential should be scoped to a valid region, not '${region}'.`);
  }
  if (service !== signer.service) {
    return invalidSignature(`Credential should be scoped to correct service: '${signer.service}'.`);
  }
  if (accessKeyId !== signer.accessKeyId || header('x-amz-security-token') !== signer.sessionToken) {
    return {
      code: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    };
  }

  const bodyHash = createHash('sha256').update(request.body).digest('hex');
  const canonicalRequest = [
    request.method,
    '/',
    '',
    ...signedHeaders.map((name) => `${name}:${header(name)}`),
    '',
    signedHeaders.join(';'),
    bodyHash,
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const stringToSign = [
    algorithm,
    timestamp,
    scope,
    createHash('sha256').update(canonicalRequest).digest('hex'),
  ].join('\n');
  const expected = hmac(signingKey(signer, date), stringToSign);
  const claimedHash = header('x-amz-content-sha256') || bodyHash;
  if (!timingSafeEqual(signature, expected) || claimedHash !== bodyHash) {
    return invalidSignature(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    );
  }
  return undefined;
}

interface Authorization {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  /** Lower case and sorted, as the signature covers them. */
  signedHeaders: string[];
  signature: Buffer;
}

function parseAuthorization(header: string): Authorization | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=(?<key>[^/, ]+)\/(?<date>\d{8})\/(?<region>[^/, ]+)\/(?<service>[^/, ]+)\/aws4_request, ?SignedHeaders=(?<names>[a-z0-9;-]+), ?Signature=(?<signature>[0-9a-f]{64})$/.exec(
      header,
    );
  const { key, date, region, service, names, signature } = match?.groups ?? {};
  if (!key || !date || !region || !service || !names || !signature) return undefined;
  return {
    accessKeyId: key,
    date,
    region,
    service,
    signedHeaders: names.split(';'),
    signature: Buffer.from(signature, 'hex'),
  };
}

/** Epoch milliseconds of AWS's basic ISO 8601 form, `20261123T100000Z`. */
function parseTimestamp(timestamp: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}

function canonicalValue(values: readonly string[] | undefined): string {
  return (values ?? []).map((value) => value.trim().replaceAll(/ +/g, ' ')).join(',');
}

function signingKey({ secretAccessKey, region, service }: Signer, date: string): Buffer {
  return [date, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function invalidSignature(message: string): SignatureFault {
  return { code: 'InvalidSignatureException', message };
}
