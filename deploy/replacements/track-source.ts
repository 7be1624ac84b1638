import type { TrackSource as Published } from 'livekit-server-sdk';

/** What a token can name as the source of a track. The published enumeration brings the whole of protobuf. */
export const TrackSource = {
  CAMERA: 1,
  MICROPHONE: 2,
  SCREEN_SHARE: 3,
  SCREEN_SHARE_AUDIO: 4,
} as const satisfies Partial<typeof Published>;
