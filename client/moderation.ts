/** What a moderator may do in their club's meeting: LiveKit's server API, straight from the browser, with the meeting token. */
import type { TokenRequestBody } from '../lib/contract.ts';
import type { TokenClient } from './token-client.ts';

/** LiveKit did not do what a moderator asked for. */
export class ModerationError extends Error {
  override readonly name = 'ModerationError';
  /**
   * LiveKit's: 401 and 403 where the reader does not moderate this club, 404 where the participant has left or the track has ended;
   * `undefined` where it could not be reached.
   */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** Each action rejects with a `TokenError` where there is no token, and with a `ModerationError` where LiveKit does not do it. */
export interface Moderator {
  /** Mutes a published track. Only its owner can switch it on again. */
  mute: (identity: string, trackSid: string) => Promise<void>;
  /**
   * Removes a participant. LiveKit Cloud refuses their tokens for `removalSeconds`. The open LiveKit server does not: there they can
   * come back as long as the endpoint gives them a token.
   */
  remove: (identity: string) => Promise<void>;
  /** Lets a participant speak, until they join again: then their role is what their sign-in says. */
  letSpeak: (identity: string) => Promise<void>;
  /** Makes a participant a listener, and ends what they publish; until they join again, as above. */
  silence: (identity: string) => Promise<void>;
}

export interface ModeratorOptions {
  /** How long a removal lasts on LiveKit Cloud: the longest life of a sign-in JWT, in seconds; 3,600 by default. */
  removalSeconds?: number;
  /** For tests: `fetch`, and the time in milliseconds since the epoch. */
  fetch?: typeof globalThis.fetch;
  now?: () => number;
}

/** The actions of the reader who is signed in, in the club of `request`. Each asks for a token of its own: none is kept. */
export function createModerator(
  client: TokenClient,
  request: TokenRequestBody,
  { removalSeconds = 3_600, fetch = globalThis.fetch, now = Date.now }: ModeratorOptions = {},
): Moderator {
  const call = async (method: string, parameters: object) => {
    const { server_url, participant_token, room_name } = await client.getToken(request);
    const url = `${server_url.replace(/^ws/, 'http').replace(/\/$/, '')}/twirp/livekit.RoomService/${method}`;
    const { ok, status } = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${participant_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ room: room_name, ...parameters }),
    }).catch((error: unknown) => {
      throw new ModerationError(`${method}: ${error}`);
    });
    if (!ok) throw new ModerationError(`${method}: ${status}`, status);
  };
  /** LiveKit replaces permissions whole. An empty attribute is none: a member has no role. */
  const setSpeaking = (identity: string, canPublish: boolean) =>
    call('UpdateParticipant', {
      identity,
      permission: { canPublish, canSubscribe: true, canPublishData: true },
      attributes: { role: canPublish ? '' : 'listener' },
    });
  return {
    mute: (identity, trackSid) => call('MutePublishedTrack', { identity, trackSid, muted: true }),
    remove: (identity) =>
      call('RemoveParticipant', { identity, revokeTokenTs: Math.ceil(now() / 1000) + removalSeconds }),
    letSpeak: (identity) => setSpeaking(identity, true),
    silence: (identity) => setSpeaking(identity, false),
  };
}
