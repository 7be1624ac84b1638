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
import { type Participant, RoomEvent, Track } from 'livekit-client';
import { type FormEvent, useCallback, useEffect, useRef, useState } from 'react';
import { nameOf, words } from './texts';
import { Tile } from './tile';
import './conference.css';

export function Conference({ moderator, onLeave }: { moderator: Moderator; onLeave: () => void }) {
  const room = useRoomContext();
  const people = useParticipants();
  const sources = [
    { source: Track.Source.Camera, withPlaceholder: true },
    { source: Track.Source.ScreenShare, withPlaceholder: false },
  ];
  const tracks = useTracks(sources, { onlySubscribed: false });
  const maySpeak = useLocalParticipantPermissions()?.canPublish ?? true;
  const [news, setNews] = useState('');
  useEffect(() => {
    // For those who do not see who comes and goes.
    const joined = (participant: Participant) => setNews(words.joined(nameOf(participant)));
    const gone = (participant: Participant) => setNews(words.gone(nameOf(participant)));
    room.on(RoomEvent.ParticipantConnected, joined).on(RoomEvent.ParticipantDisconnected, gone);
    return () => {
      room.off(RoomEvent.ParticipantConnected, joined).off(RoomEvent.ParticipantDisconnected, gone);
    };
  }, [room]);
  return (
    <div className="conference" data-lk-theme="default">
      <div className="stage">
        <p>
          {words.people(people.length)} <span role="status">{news && `· ${news}`}</span>
        </p>
        {!maySpeak && <p>{words.listening}</p>}
        <div className="tiles">
          <TrackLoop tracks={tracks}>
            <Tile moderator={moderator} onNews={setNews} />
          </TrackLoop>
        </div>
        <div className="lk-control-bar">
          {maySpeak && (
            <>
              <Device source={Track.Source.Microphone} onNews={setNews} />
              <Device source={Track.Source.Camera} onNews={setNews} />
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

const kinds = { camera: 'videoinput', microphone: 'audioinput' } as const;
type Source = Track.Source.Camera | Track.Source.Microphone;

function Device({ source, onNews }: { source: Source; onNews: (news: string) => void }) {
  const wasOn = useRef(false);
  const onChange = useCallback(
    (isOn: boolean, byReader: boolean) => {
      const isMuted = wasOn.current && !isOn && !byReader;
      if (isMuted && source === Track.Source.Microphone) onNews(words.mutedByOther);
      wasOn.current = isOn;
    },
    [source, onNews],
  );
  return (
    <div className="lk-button-group">
      <TrackToggle source={source} onChange={onChange}>
        <span>{words[source]}</span>
      </TrackToggle>
      <div className="lk-button-group-menu">
        <MediaDeviceMenu kind={kinds[source]} aria-label={words.pick(words[source])} />
      </div>
    </div>
  );
}

/** LiveKit's own for chats, which `VideoConference` and `useChat` have too. */
const topic = 'lk.chat';

/**
 * LiveKit announces those who publish nothing some seconds late: so a message keeps its sender's identity, and finds the name later,
 * also of who has left since. `useChat` has no name for them then, and forgets the messages of before a rejoin.
 */
function Chat({ people }: { people: readonly Participant[] }) {
  const room = useRoomContext();
  const [names] = useState(() => new Map<string, string>());
  for (const person of people) names.set(person.identity, nameOf(person));
  const [messages, setMessages] = useState<readonly { id: string; identity: string; text: string }[]>([]);
  useEffect(() => {
    room.registerTextStreamHandler(topic, async (reader, { identity }) => {
      const text = (await reader.readAll().catch(() => '')).slice(0, 2_000);
      if (text !== '') setMessages((before) => [...before, { id: reader.info.id, identity, text }]);
    });
    return () => room.unregisterTextStreamHandler(topic);
  }, [room]);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = String(new FormData(form).get('text')).trim();
    if (text === '') return;
    const { id } = await room.localParticipant.sendText(text, { topic });
    setMessages((before) => [...before, { id, identity: room.localParticipant.identity, text }]);
    form.reset();
  };
  return (
    <section className="chat" aria-label={words.chat}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and not every browser lets the keyboard scroll what has no focus. */}
      <div className="lk-chat-messages" role="log" aria-label={words.chat} tabIndex={0}>
        <ul className="lk-list">
          {messages.map(({ id, identity, text }) => (
            <li
              key={id}
              className="lk-chat-entry"
              data-lk-message-origin={identity === room.localParticipant.identity ? 'local' : 'remote'}
            >
              <strong>{names.get(identity) ?? identity}</strong>{' '}
              <span className="lk-message-body">{text}</span>
            </li>
          ))}
        </ul>
      </div>
      <form className="lk-chat-form" onSubmit={submit}>
        <input
          {...{ name: 'text', className: 'lk-form-control lk-chat-form-input', autoComplete: 'off' }}
          {...{ 'aria-label': words.message, placeholder: words.message }}
        />
        <button type="submit" className="lk-button">
          {words.send}
        </button>
      </form>
    </section>
  );
}
