/** A moderator's actions: calls of LiveKit's server API, directly from the browser, with the meeting token. */
import type { TokenAnswer } from '../../../client/index.ts';
import { Problem } from './problem.ts';
import { reach } from './reach.ts';

/** Mutes a published track; only its owner can switch it on again. */
export function mutePublishedTrack(token: TokenAnswer, identity: string, trackSid: string): Promise<void> {
  return call(token, 'MutePublishedTrack', { identity, track_sid: trackSid, muted: true });
}

/** Removes a participant from the room; they can join again. */
export function removeParticipant(token: TokenAnswer, identity: string): Promise<void> {
  return call(token, 'RemoveParticipant', { identity });
}

async function call(token: TokenAnswer, method: string, parameters: object): Promise<void> {
  const server = token.server_url.replace(/^ws/, 'http');
  const url = new URL(`/twirp/livekit.RoomService/${method}`, server);
  const response = await reach('The LiveKit server', url.href, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.participant_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ room: token.room_name, ...parameters }),
  });
  if (response.ok) return;
  if (response.status === 401 || response.status === 403) {
    throw new Problem('LiveKit did not let you do that.', {
      why: `Your token does not make you a moderator of this room (status ${response.status}).`,
      remedy: 'Leave, and enter as a moderator.',
    });
  }
  if (response.status === 404) {
    throw new Problem('That came too late.', {
      why: 'The reader has left, or the track has ended (status 404).',
      remedy: 'You don’t need to do anything.',
    });
  }
  throw new Problem('LiveKit could not do that.', {
    why: `Its server API answered with status ${response.status}.`,
    remedy: 'Try again.',
  });
}
