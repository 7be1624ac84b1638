/** What a moderator may do in their club's meeting: LiveKit's server API, straight from the browser, with the meeting token. */
import type { TokenRequestBody } from '../lib/contract.ts';
import { TokenError } from './errors.ts';
import type { TokenClient } from './token-client.ts';

/**
 * Each action rejects with a `TokenError` of the code `moderation_failed` where LiveKit does not do it, else as `getToken` does. How
 * long LiveKit may take is the browser's to say.
 */
export interface Moderator {
  /** Mutes a published track. Only its owner can switch it on again. */
  mute: (identity: string, trackSid: string) => Promise<void>;
  /**
   * Removes a participant, and asks for their tokens to be refused for `seconds`: name the longest life of a sign-in JWT; 3,600 by
   * default. That was never tried on LiveKit Cloud. The open LiveKit server ignores it: there they can come back as long as the
   * endpoint gives them a token.
   */
  remove: (identity: string, seconds?: number) => Promise<void>;
  /** Lets a participant speak, until they join again: then their role is what their sign-in says. */
  letSpeak: (identity: string) => Promise<void>;
  /**
   * Makes a participant a listener, and ends what they publish; until they join again, as above. A moderator can still moderate, and
   * after `letSpeak` is shown as a member.
   */
  silence: (identity: string) => Promise<void>;
}

/** The actions of the reader who is signed in, in the club of `request`. Each asks for a token of its own: none is kept. */
export function createModerator(client: TokenClient, request: TokenRequestBody): Moderator {
  const call = async (method: string, parameters: object) => {
    const { server_url, token, room_name } = await client.getToken(request);
    const url = `${server_url.replace('ws', 'http')}/twirp/livekit.RoomService/${method}`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ room: room_name, ...parameters }),
    }).catch(() => undefined);
    if (response?.ok) return;
    throw new TokenError('moderation_failed', { status: response?.status, message: method }, client.language);
  };
  /** LiveKit replaces permissions whole. An empty attribute is none: a member has no role. */
  const setSpeaking = (canPublish: boolean) => (identity: string) =>
    call('UpdateParticipant', {
      identity,
      permission: { canPublish, canSubscribe: true, canPublishData: true },
      attributes: { role: canPublish ? '' : 'listener' },
    });
  return {
    mute: (identity, trackSid) => call('MutePublishedTrack', { identity, trackSid, muted: true }),
    remove: (identity, seconds = 3_600) =>
      call('RemoveParticipant', { identity, revokeTokenTs: Math.ceil(Date.now() / 1000) + seconds }),
    letSpeak: setSpeaking(true),
    silence: setSpeaking(false),
  };
}
