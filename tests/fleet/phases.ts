import type { SecretsManagerStandIn } from '../../stand-ins/secrets-manager.ts';
import type { Fleet } from './environments.ts';

/** What a phase can do to the world. */
export interface World {
  store: SecretsManagerStandIn;
  fleet: Fleet;
  /** Makes a new version of the secret the current one. */
  putSecret: (version: 'first key' | 'second key' | 'garbage') => void;
  /** Requests in bursts for this part of the phase's time, from 0 to 1. */
  load: (part: number) => Promise<void>;
  /** Waits for this part of the phase's time, and for at least `ms` milliseconds, without requests. */
  pause: (part: number, ms?: number) => Promise<void>;
}

/** A fault, what it does to the readers, and what an operator does about it. */
export interface Phase {
  name: string;
  run: (world: World) => Promise<void>;
  /** Codes of errors that the phase explains, in environments that never had good credentials. */
  explains?: readonly string[];
}

/** After each of them the world is put right, but for the key. */
export const phases: readonly Phase[] = [
  {
    name: 'none',
    run: ({ load }) => load(1),
  },
  {
    name: 'the store answers after 900 ms',
    run: async ({ store, load }) => {
      store.latencyMs = 900;
      await load(1);
    },
  },
  {
    name: 'connections die in silence after their first answer',
    run: async ({ store, load }) => {
      store.diesInSilence = true;
      await load(1);
    },
  },
  {
    name: 'the store errs at once',
    run: async ({ store, load }) => {
      store.failWith('InternalServiceError');
      await load(1);
    },
  },
  {
    name: 'the store hangs',
    run: async ({ store, load }) => {
      store.failWith('hang');
      await load(1);
    },
  },
  {
    name: 'the store throttles',
    run: async ({ store, load }) => {
      store.failWith('ThrottlingException');
      await load(1);
    },
  },
  {
    name: 'connections are reset',
    run: async ({ store, load }) => {
      store.failWith('drop');
      await load(1);
    },
  },
  {
    name: 'the read is denied',
    run: async ({ store, load }) => {
      store.failWith('AccessDeniedException');
      await load(1);
    },
  },
  {
    name: 'the read is denied, and environments are replaced',
    run: async ({ store, fleet, load }) => {
      store.failWith('AccessDeniedException');
      await fleet.replace(4);
      await load(1);
    },
    explains: ['credentials_unavailable'],
  },
  {
    name: 'frozen across an expiry',
    run: async ({ fleet, load, pause }) => {
      await load(0.3);
      fleet.freeze();
      await pause(0.3, 1_500);
      fleet.thaw();
      await load(0.4);
    },
  },
  {
    name: 'frozen while a refresh hangs',
    run: async ({ store, fleet, load, pause }) => {
      store.failWith('hang');
      await pause(0, 1_100);
      await load(0);
      fleet.freeze();
      store.recover();
      await pause(0.3, 3_000);
      fleet.thaw();
      await load(0.5);
    },
  },
  {
    name: 'a new version of the secret is garbage',
    run: async ({ putSecret, load }) => {
      putSecret('garbage');
      await load(1);
    },
  },
  {
    name: 'it is, and environments are replaced',
    run: async ({ putSecret, fleet, load }) => {
      putSecret('garbage');
      await load(0.3);
      await fleet.replace(4);
      await load(0.7);
    },
  },
  {
    name: 'rotation to another key',
    run: async ({ putSecret, load }) => {
      putSecret('second key');
      await load(1);
    },
  },
];
