import type { Room } from 'livekit-client';

/** Events after which other devices may be on. */
const events = ['localTrackPublished', 'localTrackUnpublished', 'trackMuted', 'trackUnmuted'] as const;

export interface Devices {
  camera: boolean;
  microphone: boolean;
}

export interface DeviceMemory {
  /** The devices that were on when the reader was last in the meeting, those included that were being switched on. */
  last: () => Devices;
  /** Looks which devices are on, as at each event. */
  look: () => void;
  /** Switches the last devices on. LiveKit reports failures with `MediaDevicesError`. */
  reopen: () => Promise<void>;
  stop: () => void;
}

/** Follows which devices are on in a meeting; `last` are those of before. */
export function rememberDevices(room: Room, last?: Devices): DeviceMemory {
  const reader = room.localParticipant;
  const seen = () => ({ camera: reader.isCameraEnabled, microphone: reader.isMicrophoneEnabled });
  let devices = last ?? seen();
  let opening = 0;
  const look = () => {
    if (opening === 0 && room.state === 'connected') devices = seen();
  };
  // Not at once: LiveKit unpublishes all tracks just before it tells of a lost connection, though no one switched them off.
  const onEvent = () => queueMicrotask(look);
  for (const event of events) room.on(event, onEvent);
  return {
    last: () => devices,
    look,
    reopen: async () => {
      opening += 1;
      await Promise.allSettled([
        devices.camera && reader.setCameraEnabled(true),
        devices.microphone && reader.setMicrophoneEnabled(true),
      ]);
      opening -= 1;
      look();
    },
    stop: () => {
      for (const event of events) room.off(event, onEvent);
    },
  };
}
