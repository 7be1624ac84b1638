/** Formats the headers of events in a stream, for their signature; `GetSecretValue` has none. */
export class HeaderFormatter {}
