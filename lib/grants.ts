import type { VideoGrant } from 'livekit-server-sdk';

/** What a reader is in a club's meeting. */
export type Role = 'member' | 'moderator' | 'listener';

/** What LiveKit lets each role do in the club's room, and only there. What is not named here is not granted. */
export const grants: Readonly<Record<Role, Readonly<VideoGrant>>> = {
  member: { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true },
  moderator: { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true, roomAdmin: true },
  listener: { roomJoin: true, canPublish: false, canSubscribe: true, canPublishData: true },
};
