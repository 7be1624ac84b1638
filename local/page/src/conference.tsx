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
  useTextStream,
  useTracks,
} from '@livekit/components-react';
import type { Moderator } from 'booky-meeting-client';
import { type Participant, RoomEvent, Track } from 'livekit-client';
import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react';
import { words } from './texts.ts';
import { nameOf, Tile } from './tile.tsx';

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

/** LiveKit's topic for chats, so that other clients' messages are read too. */
const topic = 'lk.chat';

interface Message {
  at: number;
  identity: string;
  text: string;
}

/** Like LiveKit's `Chat`, which loses the names of those who publish nothing: they are announced after their first message. */
function Chat({ people }: { people: readonly Participant[] }) {
  const { localParticipant: me } = useRoomContext();
  const [own, setOwn] = useState<readonly Message[]>([]);
  const [text, setText] = useState('');
  const { textStreams } = useTextStream(topic);
  const others = textStreams.map(
    ({ text, participantInfo: { identity }, streamInfo: { timestamp: at } }) => ({
      at,
      identity,
      text,
    }),
  );
  const messages = [...others, ...own].sort((a, b) => a.at - b.at);
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (messages.length > 0) end.current?.scrollIntoView({ block: 'nearest' });
  }, [messages.length]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === '') return;
    await me.sendText(text.trim(), { topic });
    setOwn([...own, { at: Date.now(), identity: me.identity, text: text.trim() }]);
    setText('');
  };
  return (
    <section className="chat" aria-label={words.chat}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and not every browser lets the keyboard scroll what has no focus. */}
      <div role="log" aria-label={words.chat} tabIndex={0}>
        <ul className="lk-list lk-chat-messages">
          {messages.map(({ at, identity, text }) => (
            <li
              key={`${at} ${identity}`}
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
