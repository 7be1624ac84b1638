/** One person: LiveKit's tile, who moderates, and a moderator's buttons. */
import { ParticipantTile, useRoomContext, useTrackRefContext } from '@livekit/components-react';
import type { Moderator } from 'booky-meeting-client';
import { type Participant, Track } from 'livekit-client';
import { words } from './texts.ts';

export const nameOf = ({ name, identity }: Participant) => name || identity;

interface TileProps {
  moderator: Moderator;
  onNews: (news: string) => void;
  /** Which tile is large, by its id, and the one that the reader chooses. A shared screen always is. */
  enlarged: string | undefined;
  onEnlarge: (id: string | undefined) => void;
}

export function Tile({ moderator, onNews, enlarged, onEnlarge }: TileProps) {
  const track = useTrackRefContext();
  const { participant } = track;
  const name = nameOf(participant);
  const id = `${participant.identity} ${track.source}`;
  const isLarge = id === enlarged || track.source === Track.Source.ScreenShare;
  const maySpeak = participant.permissions?.canPublish ?? true;
  const mic = participant.getTrackPublication(Track.Source.Microphone);
  // From the signed token, so readers can't set it themselves.
  const isModerator = ({ attributes }: Participant) => attributes['role'] === 'moderator';
  const mayModerate =
    isModerator(useRoomContext().localParticipant) &&
    !participant.isLocal &&
    track.source === Track.Source.Camera;
  const act = (task: Promise<unknown>) =>
    task.then(
      () => onNews(''),
      () => onNews(words.failed),
    );
  return (
    <figure
      className={isLarge ? 'tile large' : 'tile'}
      aria-label={participant.isLocal ? words.you(name) : name}
    >
      <ParticipantTile />
      <p className="badges">
        {isModerator(participant) && <span>{words.moderator}</span>}
        {!maySpeak && <span>{words.listener}</span>}
        {maySpeak && !participant.isMicrophoneEnabled && <span>{words.muted}</span>}
      </p>
      <details className="menu">
        <summary aria-label={words.options(name)}>⋯</summary>
        <button type="button" onClick={() => onEnlarge(id === enlarged ? undefined : id)}>
          {id === enlarged ? words.shrink : words.enlarge(name)}
        </button>
        {mayModerate && (
          <>
            {mic !== undefined && participant.isMicrophoneEnabled && (
              <button type="button" onClick={() => act(moderator.mute(participant.identity, mic.trackSid))}>
                {words.mute(name)}
              </button>
            )}
            <button
              type="button"
              onClick={() =>
                act(
                  maySpeak
                    ? moderator.silence(participant.identity)
                    : moderator.letSpeak(participant.identity),
                )
              }
            >
              {maySpeak ? words.silence(name) : words.letSpeak(name)}
            </button>
            <button
              type="button"
              onClick={() => {
                if (window.confirm(words.confirm(name))) act(moderator.remove(participant.identity));
              }}
            >
              {words.remove(name)}
            </button>
          </>
        )}
      </details>
    </figure>
  );
}
