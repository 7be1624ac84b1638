/**
 * The contract between the endpoint and its clients: request, answer and errors. The function and the client for front ends use
 * the same types. This module imports nothing, so that a front end can include it unchanged.
 */

/** The roles that a reader can have in a club's meeting: who has several gets the first. */
export const roles = ['moderator', 'listener', 'member'] as const;
export type Role = (typeof roles)[number];

/** A field that some LiveKit SDKs send empty. Empty, it is accepted; with a value, the request is refused. */
export type EmptyField = null | '' | Readonly<Record<string, never>>;

/** The body of a request. Either `reading_club_id` or `room_name` is needed; `null` counts as left out. */
export interface TokenRequestBody {
  /** An integer from 1 to 2^53−1, or 1 to 64 letters, digits, `_` and `-`, the first a letter or digit. */
  reading_club_id?: number | string | null | undefined;
  /** `reading-club-<id>`: names the club in LiveKit's standard field. */
  room_name?: string | null | undefined;
  /** The display name: 1 to 128 characters, at most 256 bytes of UTF-8. Empty or left out: the JWT's name, else the reader's id. */
  participant_name?: string | null | undefined;
  /** Better left out. Any value but the reader's own id is refused. */
  participant_identity?: string | null | undefined;
  participant_metadata?: EmptyField | undefined;
  participant_attributes?: EmptyField | undefined;
  room_config?: EmptyField | undefined;
}

/** The body of a 200: the fields that the front end reads and those that `TokenSource.endpoint()` of LiveKit's SDKs reads. */
export interface TokenAnswer {
  /** The JWT for LiveKit. A moderator's or listener's has the attribute `role`, which everyone in the room sees. */
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

/** The codes of all errors that the endpoint itself answers, and their HTTP statuses. Codes are stable: clients switch on them. */
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

/** One fault in a request's body: where it is (the field's name, `""` for the body itself) and what it should be. */
export interface Detail {
  path: string;
  message: string;
}

/** The body of an error that the endpoint itself answers. */
export interface ErrorAnswer {
  /** Text for people; may change. */
  error: string;
  code: ErrorCode;
  /** API Gateway's id of the request, which the log line has too. */
  request_id: string | undefined;
  /** With a 400 only: at least one. */
  details?: readonly Detail[] | undefined;
}

/** The body of an error that API Gateway answers without calling the function. It has no code. */
export interface GatewayErrorAnswer {
  message: string;
}
