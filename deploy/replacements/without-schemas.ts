/**
 * `lib/secret/get-secret-value-protocol.ts` reads and writes the messages without schemas. This module replaces the SDK's modules that
 * would add the schemas, the classes of the service's errors and the protocols that use them to the bundle.
 */
import type { StaticOperationSchema } from '@smithy/types';

/** The default protocol of a client. Ours is given another. */
export const AwsJson1_1Protocol = undefined;

/** Used only by protocols with schemas. */
export const errorTypeRegistries = [];

/** The operation's name; the schemas of its input and output are left out. */
export const GetSecretValue$: StaticOperationSchema = [
  9,
  'com.amazonaws.secretsmanager',
  'GetSecretValue',
  0,
  'unit',
  'unit',
];

/** Only a logger of requests would call it, and there is none. */
export const schemaLogFilter = () => undefined;

/** No operation here has an event stream. */
export const NormalizedSchema = { of: () => ({ getEventStreamMember: () => undefined }) };
