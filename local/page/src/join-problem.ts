/** Explains to a person why LiveKit refused or disconnected them. */
import { ConnectionError, ConnectionErrorReason, DisconnectReason } from 'livekit-client';
import { explainMessage } from '../../../token-check/explain-answer.ts';
import { redact } from '../../../token-check/redact.ts';
import { Problem } from './problem.ts';

/** For an error that `Room.connect` threw. */
export function joinProblem(error: unknown, serverUrl: string): Problem {
  if (error instanceof ConnectionError && error.reason === ConnectionErrorReason.NotAllowed) {
    return new Problem('LiveKit did not accept your token.', {
      why: `${redact(error.message) || 'It gave no reason'} (status ${error.status ?? 'unknown'}).`,
      remedy: explainMessage(error.message)?.remedy ?? 'Get a new token and try again.',
    });
  }
  if (error instanceof ConnectionError && error.message.includes('pc connection')) {
    return new Problem('LiveKit let you in, but no picture or sound gets through.', {
      why: 'The media connection (UDP) to the server could not be opened.',
      remedy: 'Try another network, or check whether a firewall blocks it.',
    });
  }
  return new Problem('No LiveKit server answers.', {
    why: `The connection to ${serverUrl} failed.`,
    remedy:
      'On a laptop: run "scripts/install.sh meeting-peers" once, then restart "npm start"; it starts the server. Elsewhere: check LIVEKIT_WS_URL.',
  });
}

/** The problem for the reason of a disconnection that the reader did not request. */
export function disconnectionProblem(reason: DisconnectReason | undefined): Problem {
  switch (reason) {
    case DisconnectReason.DUPLICATE_IDENTITY:
      return new Problem('You have joined from somewhere else.', {
        why: 'A reader can be in a meeting once: another tab or device has joined under your name, so this one was disconnected.',
        remedy: 'Continue there, or join here again, which disconnects the other.',
      });
    case DisconnectReason.PARTICIPANT_REMOVED:
      return new Problem('A moderator has removed you from the meeting.', {
        why: 'Moderators of a club may do so.',
        remedy: 'Ask the club’s moderator before you join again.',
      });
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return new Problem('The meeting is over.', {
        why: 'Its room was closed for everyone.',
        remedy: 'Join again to open a new one.',
      });
    case DisconnectReason.SERVER_SHUTDOWN:
      return new Problem('The LiveKit server has stopped.', {
        why: 'It was shut down.',
        remedy: 'Start it again ("npm start" does), and join again.',
      });
    default:
      return new Problem('The connection to the meeting is lost.', {
        why: 'The LiveKit server could not be reached again.',
        remedy: 'Check the network and whether the server still runs, then join again.',
      });
  }
}
