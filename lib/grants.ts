import type { VideoGrant } from 'livekit-server-sdk';
import type { Role } from './contract.ts';

/** What LiveKit lets each role do in the club's room, and only there. What is not named here is not granted. */
export const grants: Readonly<Record<Role, Readonly<VideoGrant>>> = {
  member: { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true },
  moderator: { roomJoin: true, canPublish: true, canSubscribe: true, canPublishData: true, roomAdmin: true },
  listener: { roomJoin: true, canPublish: false, canSubscribe: true, canPublishData: true },
};

/**
 * What LiveKit tells everybody in the room of somebody in this role: it does not tell who has `roomAdmin`. Only with the grant
 * `canUpdateOwnMetadata`, which no role has, could its bearer change it. A member has none, which LiveKit reads as no attributes.
 */
export function attributesOf(role: Role): Readonly<Record<string, string>> | undefined {
  return role === 'member' ? undefined : { role };
}
