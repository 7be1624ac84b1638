/** A meeting in a React app. Needs `react` and `livekit-client`, which the rest of the client does not. */
import { DisconnectReason, Room } from 'livekit-client';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { joinMeeting } from './join.ts';
import { createModerator, type Moderator } from './moderation.ts';
import { createTokenClient, type TokenClientOptions } from './token-client.ts';

export interface Devices {
  camera: boolean;
  microphone: boolean;
}

export interface MeetingOptions extends Pick<TokenClientOptions, 'url' | 'getBearer' | 'language'> {
  /** Who is signed in. With another reader the meeting is left, and nothing of the one before is kept. */
  userId: string;
  /** With another club the meeting is left too, and the reader has to ask for the new one: their camera may be on. */
  clubId: number | string;
  /** The name that the others see, where the sign-in JWT has none. */
  name?: string | undefined;
}

export type MeetingState =
  | { name: 'out' }
  /** The endpoint is asked for a token; then LiveKit connects. */
  | { name: 'asking' }
  | { name: 'joining' }
  /** While it rejoins, the room is the same one: components can stay as they are. */
  | { name: 'in'; room: Room }
  | { name: 'rejoining'; room: Room }
  /** LiveKit's reason, and the error where there is one: `textForEnd` has words for both. */
  | { name: 'over'; reason: DisconnectReason | undefined; error: unknown };

export interface Meeting {
  state: MeetingState;
  /** Asks for a token, joins, and then switches on these devices, where the reader may publish. */
  join: (devices: Devices) => void;
  /** At any time, also while it still asks, joins or rejoins. */
  leave: () => void;
  /** Why a device could not be switched on: `textForDevice` has words for it. The reader is in the meeting all the same. */
  deviceErrors: Partial<Record<keyof Devices, Error>>;
  /** What LiveKit lets a moderator do. */
  moderator: Moderator;
}

/** What the reader asked for. The object itself is the attempt's identity. */
interface Attempt {
  userId: string;
  clubId: number | string;
  devices: Devices;
  hasLeft?: boolean;
}

/** What has come of an attempt. */
interface Progress {
  of: Attempt;
  state: MeetingState;
  deviceErrors: Meeting['deviceErrors'];
}

/**
 * Brings the reader into one meeting at a time, and keeps them in it. Everything belongs to the component: when it goes away, or with
 * another reader or club, whatever was begun is cancelled, and the room disconnected.
 */
export function useMeeting({ url, getBearer, language, userId, clubId, name }: MeetingOptions): Meeting {
  const [wanted, setWanted] = useState<Attempt>();
  const [progress, setProgress] = useState<Progress>();

  // The newest, so that a component may write the function in place without joining again at each render.
  const [latest] = useState(() => hold({ getBearer, name }));
  useEffect(() => latest.set({ getBearer, name }));
  const client = useMemo(
    () => createTokenClient({ url, language, getBearer: (renew) => latest.get().getBearer(renew) }),
    [url, language, latest],
  );
  const moderator = useMemo(() => createModerator(client, { reading_club_id: clubId }), [client, clubId]);

  const isFor = wanted?.userId === userId && wanted.clubId === clubId;
  if (wanted !== undefined && !isFor) setWanted(undefined);
  const attempt = isFor ? wanted : undefined;

  useEffect(() => {
    if (attempt === undefined || attempt.hasLeft) return;
    const leaving = new AbortController();
    const room = new Room({ adaptiveStream: true, dynacast: true });
    const update = (change: (before: Progress) => Partial<Progress>) => {
      if (leaving.signal.aborted) return;
      setProgress((any) => {
        const before = any?.of === attempt ? any : { of: attempt, state: asking, deviceErrors: {} };
        return { ...before, ...change(before) };
      });
    };
    const show = (state: MeetingState) => update(() => ({ state }));
    const note = (kind: string, error?: Error) =>
      update(({ deviceErrors: { camera, microphone } }) => ({
        deviceErrors: kind.startsWith('video')
          ? { ...(microphone && { microphone }), ...(error && { camera: error }) }
          : { ...(camera && { camera }), ...(error && { microphone: error }) },
      }));
    room
      .on('connectionStateChanged', (state) => {
        if (state === 'connecting')
          update(({ state }) => (state.name === 'asking' ? { state: joining } : {}));
      })
      .on('mediaDevicesError', (error, kind) => note(kind ?? '', error))
      .on('localTrackPublished', ({ kind }) => note(kind));

    const request = { reading_club_id: attempt.clubId, participant_name: latest.get().name };
    const enter = async () => {
      await joinMeeting(room, client, request, {
        signal: leaving.signal,
        onRejoining: () => show({ name: 'rejoining', room }),
        onRejoined: () => show({ name: 'in', room }),
        onEnd: (reason, error) => show({ name: 'over', reason, error }),
      });
      show({ name: 'in', room });
      const reader = room.localParticipant;
      if (!reader.permissions?.canPublish) return;
      // Not awaited, as the browser may ask the reader first. LiveKit tells of a failure by the event above.
      if (attempt.devices.microphone) reader.setMicrophoneEnabled(true).catch(() => {});
      if (attempt.devices.camera) reader.setCameraEnabled(true).catch(() => {});
    };
    show(asking);
    enter().catch((error: unknown) => show({ name: 'over', reason: undefined, error }));
    return () => leaving.abort();
  }, [attempt, client, latest]);

  const join = useCallback((devices: Devices) => setWanted({ userId, clubId, devices }), [userId, clubId]);
  const leave = useCallback(() => setWanted((before) => before && { ...before, hasLeft: true }), []);

  const current = progress !== undefined && progress.of === attempt ? progress : undefined;
  let state = current?.state ?? asking;
  if (attempt === undefined) state = { name: 'out' };
  else if (attempt.hasLeft)
    state = { name: 'over', reason: DisconnectReason.CLIENT_INITIATED, error: undefined };
  return { state, join, leave, deviceErrors: current?.deviceErrors ?? {}, moderator };
}

/** Holds the newest value. */
function hold<T>(value: T) {
  let held = value;
  return {
    get: () => held,
    set: (next: T) => {
      held = next;
    },
  };
}

const asking: MeetingState = { name: 'asking' };
const joining: MeetingState = { name: 'joining' };
