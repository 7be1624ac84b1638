/** `GetSecretValue` is one JSON document each way, so this is never used. */
export class EventStreamSerde {
  constructor() {
    throw new Error('Event streams are not in this bundle.');
  }
}
