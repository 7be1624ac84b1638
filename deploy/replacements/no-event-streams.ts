/** `GetSecretValue` is one JSON document each way, so nobody asks for this. */
export class EventStreamSerde {
  constructor() {
    throw new Error('Event streams are not in this bundle.');
  }
}
