/** A meeting, from joining to leaving: connects the room's events with the page's controls. */
import { type DisconnectReason, type RemoteParticipant, Room, RoomEvent, Track } from 'livekit-client';
import { stayInMeeting, type TokenAnswer } from '../../../client/index.ts';
import { startChat } from './chat.ts';
import { byId, create } from './dom.ts';
import { joinProblem } from './join-problem.ts';
import { mutePublishedTrack, removeParticipant } from './moderation.ts';
import { Problem } from './problem.ts';
import { createTiles, type Moderation, nameOf } from './tiles.ts';

export interface MeetingOptions {
  token: TokenAnswer;
  /** What to switch on at once. */
  devices: { camera: boolean; microphone: boolean };
  /** A new token for joining again; rejects with the client's errors. */
  newToken: () => Promise<TokenAnswer>;
  /** A token that is valid now, the same as before or a new one; rejects with a `Problem`. */
  freshToken: () => Promise<TokenAnswer>;
  /** Called with news that need no action; they are shown, and announced to screen readers. */
  onNews: (text: string) => void;
  /** Called with a problem that does not end the meeting. */
  onProblem: (error: unknown) => void;
  /**
   * Called once, when the meeting is over: with LiveKit's reason, or with `left` when the reader left; and with the last error if
   * joining again failed.
   */
  onEnd: (reason: DisconnectReason | 'left' | undefined, error?: unknown) => void;
}

/**
 * Joins and shows the meeting; rejects with a `Problem` when LiveKit does not let the reader in.
 *
 * @returns a function that leaves the meeting, as the button "Leave" does
 */
export async function joinMeeting(options: MeetingOptions): Promise<() => Promise<void>> {
  const { token, onNews, onProblem } = options;
  const room = new Room({ adaptiveStream: true, dynacast: true });
  await room.connect(token.server_url, token.participant_token).catch((error: unknown) => {
    throw joinProblem(error, token.server_url);
  });

  const over = new AbortController();
  const local = room.localParticipant;
  const microphone = byId('microphone', HTMLButtonElement);
  const camera = byId('camera', HTMLButtonElement);
  const sound = byId('sound', HTMLButtonElement);
  const tiles = createTiles(
    byId('tiles', HTMLUListElement),
    token.role === 'moderator' ? moderation(options) : undefined,
  );
  /** How many devices the reader is switching now. The page tells the reader when that fails. */
  let switching = 0;

  const end = (reason: DisconnectReason | 'left' | undefined, error?: unknown) => {
    over.abort();
    tiles.clear();
    options.onEnd(reason, error);
  };
  const stopStaying = stayInMeeting(
    room,
    { getToken: options.newToken },
    {},
    {
      onRejoining: () => onNews('The connection is lost. Joining again …'),
      onRejoined: () => onNews('You are in the meeting again.'),
      onEnd: end,
    },
  );

  const show = () => {
    const others = [...room.remoteParticipants.values()];
    const maySpeak = local.permissions?.canPublish ?? false;
    tiles.show(local, others);
    showSwitch(microphone, 'Microphone', local.isMicrophoneEnabled);
    showSwitch(camera, 'Camera', local.isCameraEnabled);
    microphone.hidden = !maySpeak;
    camera.hidden = !maySpeak;
    byId('listening', HTMLElement).hidden = maySpeak;
    showWhetherAlone(others.length === 0);
    byId('attendance', HTMLElement).textContent =
      others.length === 0 ? 'Only you' : `${others.length + 1} people`;
    sound.hidden = room.canPlaybackAudio;
  };

  const setDevice = async (device: 'camera' | 'microphone', on: boolean) => {
    switching += 1;
    try {
      await (device === 'camera' ? local.setCameraEnabled(on) : local.setMicrophoneEnabled(on));
    } catch (error) {
      // If the meeting ends meanwhile, this fails too, but the end has its own message.
      if (!over.signal.aborted) onProblem(deviceProblem(device, error));
    } finally {
      switching -= 1;
    }
    if (!over.signal.aborted) show();
  };

  for (const event of [
    RoomEvent.TrackPublished,
    RoomEvent.TrackUnpublished,
    RoomEvent.TrackSubscribed,
    RoomEvent.TrackUnsubscribed,
    RoomEvent.TrackUnmuted,
    RoomEvent.LocalTrackPublished,
    RoomEvent.LocalTrackUnpublished,
    RoomEvent.ActiveSpeakersChanged,
    RoomEvent.ParticipantNameChanged,
    RoomEvent.ParticipantAttributesChanged,
    RoomEvent.ParticipantPermissionsChanged,
    RoomEvent.AudioPlaybackStatusChanged,
    RoomEvent.ConnectionStateChanged,
  ] as const) {
    room.on(event, show);
  }
  room
    .on(RoomEvent.ParticipantConnected, (participant) => {
      onNews(`${nameOf(participant)} has joined.`);
      show();
    })
    .on(RoomEvent.ParticipantDisconnected, (participant) => {
      onNews(`${nameOf(participant)} has left.`);
      show();
    })
    .on(RoomEvent.TrackMuted, (publication, participant) => {
      // If the reader muted it, the switch is off already. Otherwise a moderator did.
      const isOwnDoing = microphone.getAttribute('aria-busy') === 'true';
      if (participant === local && publication.source === Track.Source.Microphone && !isOwnDoing) {
        onNews('A moderator has muted your microphone.');
      }
      show();
    })
    .on(RoomEvent.Reconnecting, () => onNews('The connection was interrupted. Reconnecting …'))
    .on(RoomEvent.Reconnected, () => onNews('Connected again.'))
    .on(RoomEvent.MediaDevicesError, (error, kind) => {
      // Devices are switched on again after joining again; nothing waits for it.
      if (switching === 0) onProblem(deviceProblem(kind === 'videoinput' ? 'camera' : 'microphone', error));
    });

  const onClick = (button: HTMLButtonElement, act: () => Promise<void>) =>
    button.addEventListener(
      'click',
      async () => {
        if (button.getAttribute('aria-busy') === 'true') return;
        button.setAttribute('aria-busy', 'true');
        await act();
        button.removeAttribute('aria-busy');
      },
      { signal: over.signal },
    );
  onClick(microphone, () => setDevice('microphone', !local.isMicrophoneEnabled));
  onClick(camera, () => setDevice('camera', !local.isCameraEnabled));
  onClick(sound, () => room.startAudio());
  const leave = async () => {
    stopStaying();
    await room.disconnect();
    end('left');
  };
  onClick(byId('leave', HTMLButtonElement), leave);
  startChat(room, over.signal, (error) => onProblem(chatProblem(error)));
  show();

  if (local.permissions?.canPublish) {
    // Not awaited: a person may take long to answer the browser's permission prompt, and is in the meeting meanwhile.
    if (options.devices.camera) void setDevice('camera', true);
    if (options.devices.microphone) void setDevice('microphone', true);
  }
  return leave;
}

/** "On" and "off" are only shown: a screen reader reads `aria-pressed` instead. */
function showSwitch(button: HTMLButtonElement, device: string, on: boolean): void {
  button.setAttribute('aria-pressed', String(on));
  button.replaceChildren(device, create('span', { ariaHidden: 'true' }, [on ? ' on' : ' off']));
}

function showWhetherAlone(isAlone: boolean): void {
  const invitation = byId('alone', HTMLElement);
  // The focus would be lost with the link.
  const hasFocus = invitation.contains(document.activeElement);
  invitation.hidden = !isAlone;
  if (hasFocus && !isAlone) byId('meeting-heading', HTMLElement).focus();
}

function moderation({ freshToken, onNews, onProblem }: MeetingOptions): Moderation {
  return {
    mute: async (participant) => {
      const track = participant.getTrackPublication(Track.Source.Microphone);
      if (track === undefined) return;
      await freshToken()
        .then((token) => mutePublishedTrack(token, participant.identity, track.trackSid))
        .then(() => onNews(`You have muted ${nameOf(participant)}.`))
        .catch(onProblem);
    },
    remove: async (participant) => {
      if (!(await confirmRemoval(participant))) return;
      await freshToken()
        .then((token) => removeParticipant(token, participant.identity))
        .then(() => onNews(`You have removed ${nameOf(participant)}.`))
        .catch(onProblem);
    },
  };
}

/** Asks the moderator to confirm. */
function confirmRemoval(participant: RemoteParticipant): Promise<boolean> {
  const dialog = byId('confirm', HTMLDialogElement);
  byId('confirm-question', HTMLElement).textContent = `Remove ${nameOf(participant)} from the meeting?`;
  byId('confirm-yes', HTMLButtonElement).onclick = () => dialog.close('yes');
  byId('confirm-no', HTMLButtonElement).onclick = () => dialog.close('no');
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

function deviceProblem(device: 'camera' | 'microphone', error: unknown): Problem {
  const name = error instanceof Error ? error.name : '';
  const what = `Your ${device} could not be switched on.`;
  switch (name) {
    case 'NotAllowedError':
      return new Problem(what, {
        why: 'The browser was not allowed to use it.',
        remedy: 'Allow it in the address bar, then press the switch again. You can stay without.',
      });
    case 'NotFoundError':
      return new Problem(what, {
        why: 'None is connected.',
        remedy: 'Connect one, then press the switch again. You can stay without.',
      });
    case 'NotReadableError':
      return new Problem(what, {
        why: 'Another program may be using it.',
        remedy: 'Close that program, then press the switch again. You can stay without.',
      });
    default:
      return new Problem(what, {
        why: error instanceof Error ? error.message : 'The reason is unknown.',
        remedy: 'Press the switch again. You can stay without.',
      });
  }
}

function chatProblem(error: unknown): Problem {
  return new Problem('Your message was not sent.', {
    why: error instanceof Error ? error.message : 'The reason is unknown.',
    remedy: 'Send it again.',
  });
}
