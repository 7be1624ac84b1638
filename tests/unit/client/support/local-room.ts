import { ConnectionState, DisconnectReason, Room } from 'livekit-client';
import { vi } from 'vitest';
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

const deviceEvents = ['localTrackPublished', 'localTrackUnpublished', 'trackMuted', 'trackUnmuted'] as const;
type DeviceEvent = (typeof deviceEvents)[number];

/** LiveKit's own room, but for the network: what `connect` does is the test's to say. */
export class LocalRoom extends Room {
  readonly connections: string[] = [];
  /** What the next connections end with; then they succeed. A promise holds a connection up. */
  outcomes: (Error | Promise<void> | undefined)[] = [];
  /** What was switched on, in order. */
  readonly switchedOn: string[] = [];
  /** What switching a device on waits for. */
  opening: Promise<unknown> = Promise.resolve();

  constructor() {
    super();
    const reader = this.localParticipant;
    reader.identity = 'user-001';
    vi.spyOn(reader, 'setCameraEnabled').mockImplementation((on) => this.#switch('camera', on));
    vi.spyOn(reader, 'setMicrophoneEnabled').mockImplementation((on) => this.#switch('microphone', on));
  }

  async #switch(device: string, on: boolean) {
    if (on) this.switchedOn.push(device);
    await this.opening;
    return undefined;
  }

  override get name() {
    return 'reading-club-123';
  }

  override connect = async (url: string, token: string) => {
    this.connections.push(`${url} ${token}`);
    this.state = ConnectionState.Connecting;
    const outcome = await this.outcomes.shift();
    if (outcome === undefined) return this.join();
    this.end(DisconnectReason.JOIN_FAILURE);
    throw outcome;
  };

  join() {
    this.state = ConnectionState.Connected;
    this.emit('connected');
  }

  end(reason?: DisconnectReason) {
    // As LiveKit's room does: it removes the tracks before it sends the event.
    this.setDevices({ camera: false, microphone: false });
    this.state = ConnectionState.Disconnected;
    this.emit('disconnected', reason);
  }

  /** Switches devices on or off. LiveKit reports each change with one of several events. */
  setDevices(
    { camera, microphone }: { camera: boolean; microphone: boolean },
    event: DeviceEvent = 'localTrackPublished',
  ) {
    vi.spyOn(this.localParticipant, 'isCameraEnabled', 'get').mockReturnValue(camera);
    vi.spyOn(this.localParticipant, 'isMicrophoneEnabled', 'get').mockReturnValue(microphone);
    // What is published does not matter to who listens.
    for (const listener of this.listeners(event)) Reflect.apply(listener, this, []);
  }
}
