import type { TrackSource as Published } from 'livekit-server-sdk';

/** The sources of tracks that a token can name. The published enumeration would add all of protobuf to the bundle. */
export const TrackSource = {
  CAMERA: 1,
  MICROPHONE: 2,
  SCREEN_SHARE: 3,
  SCREEN_SHARE_AUDIO: 4,
} as const satisfies Partial<typeof Published>;
