/**
 * `lib/secret/get-secret-value-protocol.ts` reads and writes what the schemas of the whole service describe. Nothing else may
 * bring them into the bundle: they, the classes of the service's errors and the protocols that work with them.
 */
import type { StaticOperationSchema } from '@smithy/types';

/** The default of a client that is given no protocol; ours is. */
export const AwsJson1_1Protocol = undefined;

/** For protocols with schemas. */
export const errorTypeRegistries = [];

/** The operation's name; its input and output have no shape here. */
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
