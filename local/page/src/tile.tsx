/** One person: LiveKit's tile, who moderates, and a moderator's buttons. */
import { ParticipantTile, useRoomContext, useTrackRefContext } from '@livekit/components-react';
import { type Moderator, type Role, TokenError } from 'booky-meeting-client';
import { type Participant, Track } from 'livekit-client';
import { useState } from 'react';
import { nameOf, words } from './texts';

/** Whom LiveKit lets moderate, by the role in the signed token: readers can't set it themselves. */
const moderates: Readonly<Record<Role, boolean>> = { moderator: true, listener: false, member: false };
const isRole = (role = ''): role is Role => role in moderates;
const roleOf = ({ attributes: { role } }: Participant) => (isRole(role) ? role : 'member');

export function Tile({ moderator, onNews }: { moderator: Moderator; onNews: (news: string) => void }) {
  const { participant, source } = useTrackRefContext();
  const [isEnlarged, setEnlarged] = useState(source === Track.Source.ScreenShare);
  const name = nameOf(participant);
  const maySpeak = participant.permissions?.canPublish ?? true;
  const muted = maySpeak && !participant.isMicrophoneEnabled && words.muted;
  const badge = [words.badges[maySpeak ? roleOf(participant) : 'listener'], muted].filter(Boolean).join(', ');
  const mic = participant.getTrackPublication(Track.Source.Microphone);
  const mayModerate = moderates[roleOf(useRoomContext().localParticipant)] && !participant.isLocal;
  const button = (label: string, onClick: () => void) => (
    <button type="button" className="lk-button" onClick={onClick}>
      {label}
    </button>
  );
  /** A moderator's button. */
  const action = (label: string, act: () => Promise<void>) =>
    button(label, () => {
      // Not when it is done: LiveKit may have told by then who has left.
      onNews('');
      act().catch((error) => onNews(error instanceof TokenError ? error.forReader : `${error}`));
    });
  return (
    <figure
      className={isEnlarged ? 'tile large' : 'tile'}
      aria-label={participant.isLocal ? words.you(name) : name}
    >
      <ParticipantTile />
      <figcaption>
        {badge && <span className="lk-participant-metadata-item">{badge}</span>}
        <details>
          <summary className="lk-button" aria-label={words.options(name)}>
            ⋯
          </summary>
          {button(isEnlarged ? words.shrink : words.enlarge(name), () => setEnlarged(!isEnlarged))}
          {mayModerate && (
            <>
              {mic?.isMuted === false &&
                action(words.mute(name), () => moderator.mute(participant.identity, mic.trackSid))}
              {maySpeak
                ? action(words.silence(name), () => moderator.silence(participant.identity))
                : action(words.letSpeak(name), () => moderator.letSpeak(participant.identity))}
              {action(words.remove(name), async () => {
                if (window.confirm(words.confirm(name))) await moderator.remove(participant.identity);
              })}
            </>
          )}
        </details>
      </figcaption>
    </figure>
  );
}
