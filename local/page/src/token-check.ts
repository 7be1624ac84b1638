/** Reads a meeting token as LiveKit will, and says of each claim whether it does what a meeting needs. */
import { isRecord } from './jwt.ts';

export interface Check {
  claim: string;
  /** The claim's value as a person reads it; `missing` where there is none. */
  value: string;
  /** `withheld`: not granted, and rightly so. */
  verdict: 'good' | 'bad' | 'withheld';
  meaning: string;
}

export interface Expected {
  room: string;
  reader: string;
  /** As the endpoint's answer says. */
  role: 'member' | 'moderator' | 'listener' | undefined;
  /** Seconds since 1970. */
  now: number;
}

/** LiveKit's own allowance for clocks that differ, in seconds. */
const leeway = 60;

/** One check a claim, in the order in which LiveKit comes to need them. */
export function checkToken(claims: Record<string, unknown>, { room, reader, role, now }: Expected): Check[] {
  const video = isRecord(claims['video']) ? claims['video'] : {};
  const attributes = isRecord(claims['attributes']) ? claims['attributes'] : {};
  const { iss, sub, nbf, exp } = claims;
  const isListener = role === 'listener';
  const isModerator = role === 'moderator';
  const checks = [
    check('iss', iss, typeof iss === 'string' && iss !== '', 'the LiveKit key that signed it'),
    check('sub', sub, sub === reader, 'you, and nobody else'),
    check(
      'nbf',
      date(nbf),
      typeof nbf === 'number' && nbf <= now + leeway,
      'when it begins to open the door',
    ),
    check(
      'exp',
      date(exp),
      typeof exp === 'number' && exp > now,
      'when it stops doing so; who is inside stays',
    ),
    check('video.room', video['room'], video['room'] === room, 'the club’s own room'),
    check('video.roomJoin', video['roomJoin'], video['roomJoin'] === true, 'enter the room'),
    isListener
      ? withheld('video.canPublish', video['canPublish'], 'camera and microphone: not for listeners')
      : check(
          'video.canPublish',
          video['canPublish'],
          video['canPublish'] === true,
          'use camera and microphone',
        ),
    check(
      'video.canSubscribe',
      video['canSubscribe'],
      video['canSubscribe'] === true,
      'see and hear the others',
    ),
    check(
      'video.canPublishData',
      video['canPublishData'],
      video['canPublishData'] === true,
      'write in the chat',
    ),
  ];
  if (isModerator || video['roomAdmin'] !== undefined) {
    const rightly = isModerator && video['roomAdmin'] === true;
    checks.push(
      check('video.roomAdmin', video['roomAdmin'], rightly, 'mute and remove: for moderators only'),
    );
  }
  // Without an answer beside the token, any role will do; a member's token says nothing of it.
  if (role !== undefined && (role !== 'member' || attributes['role'] !== undefined)) {
    const isRight = role !== 'member' && attributes['role'] === role;
    checks.push(check('attributes.role', attributes['role'], isRight, 'what the others see that you are'));
  }
  return checks;
}

function check(claim: string, value: unknown, isGood: boolean, meaning: string): Check {
  return { claim, value: show(value), verdict: isGood ? 'good' : 'bad', meaning };
}

function withheld(claim: string, value: unknown, meaning: string): Check {
  return { claim, value: show(value), verdict: value === false ? 'withheld' : 'bad', meaning };
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Seconds since 1970 as the reader's clock shows them; anything else as it is. */
function date(seconds: unknown): unknown {
  return typeof seconds === 'number' ? new Date(seconds * 1000).toLocaleTimeString() : seconds;
}
