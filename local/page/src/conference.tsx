/** What a reader sees inside: LiveKit's components, with names for every button, in two languages. `VideoConference` is their short form. */
import '@livekit/components-styles';
import {
  MediaDeviceMenu,
  RoomAudioRenderer,
  StartAudio,
  TrackLoop,
  TrackToggle,
  useLocalParticipantPermissions,
  useParticipants,
  useRoomContext,
  useTracks,
} from '@livekit/components-react';
import type { Moderator } from 'booky-meeting-client';
import { type Participant, RoomEvent, type RoomEventCallbacks, Track } from 'livekit-client';
import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react';
import { words } from './texts.ts';
import { nameOf, Tile } from './tile.tsx';
import './conference.css';

export function Conference({ moderator, onLeave }: { moderator: Moderator; onLeave: () => void }) {
  const people = useParticipants();
  const tracks = useTracks(
    [
      { source: Track.Source.Camera, withPlaceholder: true },
      { source: Track.Source.ScreenShare, withPlaceholder: false },
    ],
    { onlySubscribed: false },
  );
  const maySpeak = useLocalParticipantPermissions()?.canPublish ?? true;
  const [news, setNews] = useNews();
  const [enlarged, setEnlarged] = useState<string>();
  return (
    <div className="conference" data-lk-theme="default">
      <div className="stage">
        <p className="news">
          <span>{words.people(people.length)}</span> <span role="status">{news}</span>
        </p>
        {!maySpeak && <p className="news">{words.listening}</p>}
        <div className="tiles">
          <TrackLoop tracks={tracks}>
            <Tile moderator={moderator} onNews={setNews} enlarged={enlarged} onEnlarge={setEnlarged} />
          </TrackLoop>
        </div>
        <div className="lk-control-bar">
          {maySpeak && (
            <>
              <Device device="microphone" kind="audioinput" onNews={setNews} />
              <Device device="camera" kind="videoinput" onNews={setNews} />
              <TrackToggle source={Track.Source.ScreenShare}>
                <span>{words.screen}</span>
              </TrackToggle>
            </>
          )}
          <StartAudio label={words.sound} />
          {/* LiveKit's own is off while the connection is lost, when a reader wants to leave most. */}
          <button type="button" className="lk-disconnect-button" onClick={onLeave}>
            {words.leave}
          </button>
        </div>
      </div>
      <Chat people={people} />
      <RoomAudioRenderer />
    </div>
  );
}

interface DeviceProps {
  device: 'camera' | 'microphone';
  kind: MediaDeviceKind;
  onNews: (news: string) => void;
}

function Device({ device, kind, onNews }: DeviceProps) {
  const source = device === 'camera' ? Track.Source.Camera : Track.Source.Microphone;
  const wasOn = useRef(false);
  const onChange = useCallback(
    (isOn: boolean, byReader: boolean) => {
      if (wasOn.current && !isOn && !byReader && device === 'microphone') onNews(words.mutedByOther);
      wasOn.current = isOn;
    },
    [device, onNews],
  );
  return (
    <div className="lk-button-group">
      <TrackToggle source={source} onChange={onChange}>
        <span>{words[device]}</span>
      </TrackToggle>
      <div className="lk-button-group-menu">
        <MediaDeviceMenu kind={kind} aria-label={words.devices[device]} />
      </div>
    </div>
  );
}

/** What data messages of the chat are marked with. */
const topic = 'chat';

interface Message {
  id: number;
  identity: string;
  text: string;
}

/** LiveKit announces those who publish nothing some seconds late: so a message keeps its sender's identity, and finds the name later. */
function Chat({ people }: { people: readonly Participant[] }) {
  const room = useRoomContext();
  const { localParticipant: me } = room;
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const [text, setText] = useState('');
  const add = useCallback(
    (identity: string, text: string) =>
      setMessages((before) => [...before.slice(-299), { id: (before.at(-1)?.id ?? 0) + 1, identity, text }]),
    [],
  );
  useEffect(() => {
    const hear: RoomEventCallbacks['dataReceived'] = (
      payload,
      sender,
      _kind,
      about,
      _encryption,
      identity,
    ) => {
      const from = sender?.identity ?? identity;
      if (about === topic && from !== undefined) add(from, new TextDecoder().decode(payload).slice(0, 2_000));
    };
    room.on(RoomEvent.DataReceived, hear);
    return () => {
      room.off(RoomEvent.DataReceived, hear);
    };
  }, [room, add]);
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (messages.length > 0) end.current?.scrollIntoView({ block: 'nearest' });
  }, [messages.length]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === '') return;
    await me.publishData(new TextEncoder().encode(text.trim()), { reliable: true, topic });
    add(me.identity, text.trim());
    setText('');
  };
  return (
    <section className="chat" aria-label={words.chat}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and not every browser lets the keyboard scroll what has no focus. */}
      <div role="log" aria-label={words.chat} tabIndex={0}>
        <ul className="lk-list lk-chat-messages">
          {messages.map(({ id, identity, text }) => (
            <li
              key={id}
              className="lk-chat-entry"
              data-lk-message-origin={identity === me.identity ? 'local' : 'remote'}
            >
              <strong>{people.find((person) => person.identity === identity)?.name || identity}</strong>{' '}
              <span className="lk-message-body">{text}</span>
            </li>
          ))}
          <li ref={end} />
        </ul>
      </div>
      <form className="lk-chat-form" onSubmit={submit}>
        <input
          className="lk-form-control lk-chat-form-input"
          aria-label={words.message}
          placeholder={words.message}
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <button type="submit" className="lk-button">
          {words.send}
        </button>
      </form>
    </section>
  );
}

/** Who comes and goes, for those who do not see it. */
function useNews() {
  const room = useRoomContext();
  const [news, setNews] = useState('');
  useEffect(() => {
    const joined = (participant: Participant) => setNews(words.joined(nameOf(participant)));
    const gone = (participant: Participant) => setNews(words.gone(nameOf(participant)));
    room.on(RoomEvent.ParticipantConnected, joined).on(RoomEvent.ParticipantDisconnected, gone);
    return () => {
      room.off(RoomEvent.ParticipantConnected, joined).off(RoomEvent.ParticipantDisconnected, gone);
    };
  }, [room]);
  return [news, setNews] as const;
}
