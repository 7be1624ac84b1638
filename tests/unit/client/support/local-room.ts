import { ConnectionState, DisconnectReason, Room } from 'livekit-client';
import { vi } from 'vitest';

export const deviceEvents = [
  'localTrackPublished',
  'localTrackUnpublished',
  'trackMuted',
  'trackUnmuted',
] as const;

/** LiveKit's own room, but for the network: what `connect` does is the test's to say. */
export class LocalRoom extends Room {
  readonly connections: string[] = [];
  /** What the next connections end with; then they succeed. A promise holds a connection up. */
  outcomes: (Error | Promise<void> | undefined)[] = [];
  /** What was switched on, in order. */
  readonly switchedOn: string[] = [];
  /** What switching a device on waits for. */
  opening: Promise<unknown> = Promise.resolve();
  #cancel = () => {};

  constructor() {
    super();
    const reader = this.localParticipant;
    reader.identity = 'user-001';
    const switching = (device: string) => async (on: boolean) => {
      if (on) this.switchedOn.push(device);
      await this.opening;
      return undefined;
    };
    vi.spyOn(reader, 'setCameraEnabled').mockImplementation(switching('camera'));
    vi.spyOn(reader, 'setMicrophoneEnabled').mockImplementation(switching('microphone'));
  }

  override get name() {
    return 'reading-club-123';
  }

  override connect = async (url: string, token: string) => {
    this.connections.push(`${url} ${token}`);
    this.state = ConnectionState.Connecting;
    const cancelled = new Promise<Error>((resolve) => {
      this.#cancel = () => resolve(new Error('cancelled'));
    });
    const outcome = await Promise.race([this.outcomes.shift(), cancelled]);
    if (outcome === undefined) return this.join();
    this.end(DisconnectReason.JOIN_FAILURE);
    throw outcome;
  };

  override disconnect = async () => {
    this.#cancel();
    if (this.state === 'connected') this.end(DisconnectReason.CLIENT_INITIATED);
  };

  join() {
    this.state = ConnectionState.Connected;
    this.emit('connected');
  }

  end(reason?: DisconnectReason) {
    // As LiveKit's room does: it removes the tracks before it sends the event.
    this.setDevices(false, false);
    this.state = ConnectionState.Disconnected;
    this.emit('disconnected', reason);
  }

  /** Switches devices on or off. LiveKit reports each change with one of several events. */
  setDevices(camera: boolean, microphone: boolean, event: (typeof deviceEvents)[number] = 'trackMuted') {
    vi.spyOn(this.localParticipant, 'isCameraEnabled', 'get').mockReturnValue(camera);
    vi.spyOn(this.localParticipant, 'isMicrophoneEnabled', 'get').mockReturnValue(microphone);
    // What is published does not matter to who listens.
    for (const listener of this.listeners(event)) Reflect.apply(listener, this, []);
  }
}
