import type { TokenAnswer } from '../../../../lib/contract.ts';

export const answer: TokenAnswer = {
  token: 'a.meeting.token',
  room_name: 'reading-club-123',
  participant_name: 'Ana',
  role: 'member',
  server_url: 'wss://project.livekit.cloud',
  participant_token: 'a.meeting.token',
  expires_at: '2026-11-23T10:00:00.000Z',
};
