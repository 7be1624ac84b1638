// A club's meeting for the reader who is signed in: joins, stays, and says why it is over. Imports between the files that a front
// end copies have no extension: not every compiler takes one.
import { RoomContext } from '@livekit/components-react';
import { textForDevice, textForEnd } from 'booky-meeting-client';
import { type MeetingOptions, type MeetingState, useMeeting } from 'booky-meeting-client/react';
import { useEffect, useState } from 'react';
import { Conference } from './conference';
import { language, words } from './texts';

export function Meeting({
  onState,
  ...options
}: MeetingOptions & { onState?: (state: MeetingState) => void }) {
  const { state, join, leave, deviceErrors, moderator } = useMeeting(options);
  const [devices, setDevices] = useState({ camera: true, microphone: true });
  useEffect(() => {
    onState?.(state);
  }, [onState, state]);

  const { camera, microphone } = deviceErrors;
  const problems = [
    state.name === 'over' && textForEnd(state),
    camera && textForDevice('camera', camera),
    microphone && textForDevice('microphone', microphone),
  ].filter(Boolean);
  const isInside = state.name === 'in' || state.name === 'rejoining';
  const isBusy = state.name === 'asking' || state.name === 'joining';

  return (
    <div lang={language}>
      <div role="alert">
        {problems.map((problem) => (
          <p key={String(problem)}>{problem}</p>
        ))}
      </div>
      <p role="status">{isBusy || state.name === 'rejoining' ? words[state.name] : ''}</p>
      {isInside && (
        <RoomContext.Provider value={state.room}>
          <Conference moderator={moderator} onLeave={leave} />
        </RoomContext.Provider>
      )}
      {isBusy && (
        <button type="button" onClick={leave}>
          {words.cancel}
        </button>
      )}
      {!isInside && !isBusy && (
        <div className="actions">
          {(['camera', 'microphone'] as const).map((device) => (
            <label key={device}>
              <input
                type="checkbox"
                checked={devices[device]}
                onChange={({ target }) => setDevices({ ...devices, [device]: target.checked })}
              />{' '}
              {words[device]}
            </label>
          ))}
          <button type="button" className="primary" onClick={() => join(devices)}>
            {words.join}
          </button>
        </div>
      )}
    </div>
  );
}
