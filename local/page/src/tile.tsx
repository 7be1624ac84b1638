/** One person: LiveKit's tile, who moderates, and a moderator's buttons. */
import { ParticipantTile, useRoomContext, useTrackRefContext } from '@livekit/components-react';
import { type Moderator, type Role, TokenError } from 'booky-meeting-client';
import { type Participant, Track } from 'livekit-client';
import { useState } from 'react';
import { words } from './texts.ts';

export const nameOf = ({ name, identity }: Participant) => name || identity;

/** Who has `roomAdmin`, which LiveKit does not show. */
const moderates: Readonly<Record<Role, boolean>> = { member: false, moderator: true, listener: false };
const isRole = (role: string): role is Role => Object.hasOwn(moderates, role);
/** From the signed token, so readers can't set it themselves. */
const roleOf = ({ attributes: { role = '' } }: Participant) => (isRole(role) ? role : 'member');

export function Tile({ moderator, onNews }: { moderator: Moderator; onNews: (news: string) => void }) {
  const { participant, source } = useTrackRefContext();
  const [isEnlarged, setEnlarged] = useState(source === Track.Source.ScreenShare);
  const name = nameOf(participant);
  const maySpeak = participant.permissions?.canPublish ?? true;
  const badge = words.badges[maySpeak ? roleOf(participant) : 'listener'];
  const mic = participant.getTrackPublication(Track.Source.Microphone);
  const mayModerate =
    moderates[roleOf(useRoomContext().localParticipant)] &&
    !participant.isLocal &&
    source === Track.Source.Camera;
  const { identity } = participant;
  const button = (label: string, onClick: () => void) => (
    <button type="button" onClick={onClick}>
      {label}
    </button>
  );
  /** A moderator's button. */
  const action = (label: string, act: () => Promise<void>) =>
    button(label, () =>
      act().then(
        () => onNews(''),
        (error) => onNews(error instanceof TokenError ? error.forReader : `${error}`),
      ),
    );
  return (
    <figure
      className={isEnlarged ? 'tile large' : 'tile'}
      aria-label={participant.isLocal ? words.you(name) : name}
    >
      <ParticipantTile />
      <p className="badges">
        {badge !== '' && <span>{badge}</span>}
        {maySpeak && !participant.isMicrophoneEnabled && <span>{words.muted}</span>}
      </p>
      <details className="menu">
        <summary aria-label={words.options(name)}>⋯</summary>
        {button(isEnlarged ? words.shrink : words.enlarge(name), () => setEnlarged(!isEnlarged))}
        {mayModerate && (
          <>
            {mic !== undefined &&
              participant.isMicrophoneEnabled &&
              action(words.mute(name), () => moderator.mute(identity, mic.trackSid))}
            {maySpeak
              ? action(words.silence(name), () => moderator.silence(identity))
              : action(words.letSpeak(name), () => moderator.letSpeak(identity))}
            {action(words.remove(name), async () => {
              if (window.confirm(words.confirm(name))) await moderator.remove(identity);
            })}
          </>
        )}
      </details>
    </figure>
  );
}
