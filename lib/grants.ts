import type { VideoGrant } from 'livekit-server-sdk';
import type { Role } from './contract.ts';

/** What LiveKit allows each role in the club's room, and only there. What is not listed here is not granted. */
export const grants: Readonly<Record<Role, Readonly<VideoGrant>>> = {
  member: { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true },
  moderator: { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true, roomAdmin: true },
  listener: { roomJoin: true, canPublish: false, canSubscribe: true, canPublishData: true },
};

/**
 * The attributes that LiveKit shows everyone in the room for a participant with this role, since it does not show who has
 * `roomAdmin`. Participants could change their own only with the grant `canUpdateOwnMetadata`, which no role has. A member's
 * token has no attributes.
 */
export function attributesOf(role: Role): Readonly<Record<string, string>> | undefined {
  return role === 'member' ? undefined : { role };
}
