/**
 * The contract between the endpoint and its clients: what is sent, what is answered, and how it fails. The function and the
 * client for front ends are held to these same types. It imports nothing, so that a front end can take it along as it is.
 */

/** What a reader is in a club's meeting. */
export type Role = 'member' | 'moderator' | 'listener';

/** A field that some LiveKit SDKs send empty, which passes; with a value in it the request is refused. */
export type EmptyField = null | '' | Readonly<Record<string, never>>;

/** The body of a request. Either `reading_club_id` or `room_name` is needed; `null` counts as left out. */
export interface TokenRequestBody {
  /** An integer from 1 to 2^53−1, or 1 to 64 letters, digits, `_` and `-`, the first a letter or digit. */
  reading_club_id?: number | string | null | undefined;
  /** `reading-club-<id>`: LiveKit's standard way to say which club. */
  room_name?: string | null | undefined;
  /** What the others see: 1 to 128 characters, at most 256 bytes of UTF-8. By default the JWT's `name`, else its `sub`. */
  participant_name?: string | null | undefined;
  /** The JWT's `sub`, or better nothing: any other value is refused. */
  participant_identity?: string | null | undefined;
  participant_metadata?: EmptyField | undefined;
  participant_attributes?: EmptyField | undefined;
  room_config?: EmptyField | undefined;
}

/** The body of a 200: what the front end reads, and what `TokenSource.endpoint()` of every LiveKit client SDK reads. */
export interface TokenAnswer {
  /** For LiveKit, a JWT. A moderator's and a listener's has the attribute `role`, which everybody in the room sees. */
  token: string;
  /** `reading-club-<id>` */
  room_name: string;
  participant_name: string;
  role: Role;
  /** The LiveKit server's URL: `wss:`, or `ws:` on loopback. */
  server_url: string;
  /** The same as `token`. */
  participant_token: string;
  /** When the token expires, in ISO 8601 and UTC. */
  expires_at: string;
}

/** Every error of the endpoint's own, and the status that it comes with. The codes are stable: clients switch on them. */
export const statusOf = {
  invalid_json: 400,
  invalid_request: 400,
  unauthenticated: 401,
  not_a_member: 403,
  body_too_large: 413,
  unsupported_media_type: 415,
  token_generation_failed: 500,
  credentials_unavailable: 503,
} as const;

export type ErrorCode = keyof typeof statusOf;

/** One fault of a request's body: where it is (the field's name, `""` for the body itself) and what it should be. */
export interface Detail {
  path: string;
  message: string;
}

/** The body of an error of the endpoint's own. */
export interface ErrorAnswer {
  /** For a person; may change. */
  error: string;
  code: ErrorCode;
  /** API Gateway's id of the request, under which the log has it. */
  request_id: string | undefined;
  /** With a 400 only: at least one. */
  details?: readonly Detail[] | undefined;
}

/** The body of an error that API Gateway answers by itself. It has no code. */
export interface GatewayErrorAnswer {
  message: string;
}
