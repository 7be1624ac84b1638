/** One tile for each person: the picture, the name, whether the microphone is on, and a moderator's buttons. */
import { type LocalParticipant, type Participant, type RemoteParticipant, Track } from 'livekit-client';
import { create } from './dom.ts';

/** What a moderator's buttons do. */
export interface Moderation {
  mute: (participant: RemoteParticipant) => void;
  remove: (participant: RemoteParticipant) => void;
}

export interface Tiles {
  /** Updates the list to the participants in the room, and each tile to its participant. */
  show: (local: LocalParticipant, others: readonly RemoteParticipant[]) => void;
  clear: () => void;
}

interface Tile {
  element: HTMLLIElement;
  update: () => void;
  remove: () => void;
}

/** Tiles in this list; without `moderation` they have no buttons. */
export function createTiles(list: HTMLUListElement, moderation: Moderation | undefined): Tiles {
  const tiles = new Map<Participant, Tile>();
  const add = (participant: Participant, buttons: readonly Button[]) => {
    const tile = createTile(participant, buttons);
    tiles.set(participant, tile);
    list.append(tile.element);
    return tile;
  };
  const discard = (participant: Participant, tile: Tile) => {
    tile.remove();
    tiles.delete(participant);
  };
  return {
    show: (local, others) => {
      const present = new Set<Participant>([local, ...others]);
      for (const [participant, tile] of tiles) {
        if (!present.has(participant)) discard(participant, tile);
      }
      (tiles.get(local) ?? add(local, [])).update();
      for (const other of others) {
        (tiles.get(other) ?? add(other, moderation ? buttonsFor(other, moderation) : [])).update();
      }
      list.dataset['people'] = String(Math.min(tiles.size, 4));
    },
    clear: () => {
      for (const [participant, tile] of tiles) discard(participant, tile);
    },
  };
}

/** The name to show: LiveKit leaves it empty when the token has none. */
export function nameOf(participant: Participant): string {
  return participant.name || participant.identity;
}

interface Button {
  element: HTMLButtonElement;
  update: () => void;
}

function buttonsFor(participant: RemoteParticipant, moderation: Moderation): Button[] {
  const mute = create('button', { type: 'button', onclick: () => moderation.mute(participant) }, ['Mute']);
  const remove = create('button', { type: 'button', onclick: () => moderation.remove(participant) }, [
    'Remove',
  ]);
  return [
    {
      element: mute,
      update: () => {
        mute.ariaLabel = `Mute ${nameOf(participant)}`;
        mute.hidden = !participant.isMicrophoneEnabled;
      },
    },
    {
      element: remove,
      update: () => {
        remove.ariaLabel = `Remove ${nameOf(participant)}`;
      },
    },
  ];
}

function createTile(participant: Participant, buttons: readonly Button[]): Tile {
  const video = create('video', { hidden: true, playsInline: true, muted: true });
  const audio = create('audio');
  const initial = create('span', { className: 'initial', ariaHidden: 'true' });
  const name = create('span', { className: 'name' });
  const moderates = create('span', { className: 'badge moderator' }, ['moderator']);
  const muted = create('span', { className: 'badge' });
  const cameraOff = create('span', { className: 'visually-hidden' }, ['camera off']);
  const element = create('li', { className: participant.isLocal ? 'tile own' : 'tile' }, [
    initial,
    video,
    audio,
    create('div', { className: 'caption' }, [
      create('span', { className: 'who' }, [name, ' ', moderates, ' ', muted, ' ', cameraOff]),
      ...buttons.map((button) => button.element),
    ]),
  ]);
  const shown = { video: attachment(video), audio: attachment(audio) };
  return {
    element,
    update: () => {
      const called = nameOf(participant);
      name.textContent = participant.isLocal ? `${called} (you)` : called;
      initial.textContent = [...called][0]?.toUpperCase() ?? '';
      // From the signed token, so readers can't set it themselves.
      moderates.hidden = participant.attributes['role'] !== 'moderator';
      muted.hidden = participant.isMicrophoneEnabled;
      muted.textContent = participant.permissions?.canPublish === false ? 'listening' : 'muted';
      cameraOff.hidden = participant.isCameraEnabled;
      element.classList.toggle('speaking', participant.isSpeaking);
      const camera = participant.getTrackPublication(Track.Source.Camera);
      const isShown = participant.isCameraEnabled && camera?.videoTrack !== undefined;
      shown.video.set(isShown ? camera?.videoTrack : undefined);
      video.hidden = !isShown;
      // Readers don't hear their own voice.
      if (!participant.isLocal) {
        shown.audio.set(participant.getTrackPublication(Track.Source.Microphone)?.audioTrack);
      }
      for (const button of buttons) button.update();
    },
    remove: () => {
      shown.video.set(undefined);
      shown.audio.set(undefined);
      element.remove();
    },
  };
}

/** Makes this track the only one that plays in the element. */
function attachment(element: HTMLMediaElement): { set: (track: Track | undefined) => void } {
  let current: Track | undefined;
  return {
    set: (track) => {
      if (track === current) return;
      current?.detach(element);
      track?.attach(element);
      current = track;
    },
  };
}
