import type { Fault, SecretsManagerStandIn } from '../../stand-ins/secrets-manager.ts';
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

/** Something befalls the world, and requests come all the time after it. */
const after = (name: string, befall: (world: World) => void | Promise<void>): Phase => ({
  name,
  run: async (world) => {
    await befall(world);
    await world.load(1);
  },
});

const afterFault = (name: string, fault: Fault) => after(name, ({ store }) => store.failWith(fault));

/** After each of them the world is put right, but for the key. */
export const phases: readonly Phase[] = [
  after('none', () => {}),
  after('the store answers after 900 ms', ({ store }) => {
    store.latencyMs = 900;
  }),
  after('connections die in silence after their first answer', ({ store }) => {
    store.diesInSilence = true;
  }),
  afterFault('the store errs at once', 'InternalServiceError'),
  afterFault('the store hangs', 'hang'),
  afterFault('the store throttles', 'ThrottlingException'),
  afterFault('connections are reset', 'drop'),
  afterFault('the read is denied', 'AccessDeniedException'),
  {
    ...after('the read is denied, and environments are replaced', ({ store, fleet }) => {
      store.failWith('AccessDeniedException');
      return fleet.replace(4);
    }),
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
  after('a new version of the secret is garbage', ({ putSecret }) => putSecret('garbage')),
  {
    name: 'it is, and environments are replaced',
    run: async ({ putSecret, fleet, load }) => {
      putSecret('garbage');
      await load(0.3);
      await fleet.replace(4);
      await load(0.7);
    },
  },
  after('rotation to another key', ({ putSecret }) => putSecret('second key')),
];
