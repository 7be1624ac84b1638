/**
 * The LiveKit server of a laptop: the real binary, only on loopback. Its option `--dev` would open media ports on every
 * interface.
 */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectTail, end, untilAnswering } from './server-process.ts';

/** Where `scripts/install.sh meeting-peers` installs the server. */
const installed = fileURLToPath(new URL('../.tools/livekit-server', import.meta.url));

/** The reason why there is no LiveKit server, in one line for a person. */
export class LiveKitFault extends Error {
  override readonly name = 'LiveKitFault';
}

const startTimeoutMs = 20_000;
const stopTimeoutMs = 3_000;

/** After the first signal the server waits for participants to leave; after the second, of another kind, it does not. */
const stopSignals = ['SIGINT', 'SIGTERM'] as const;

/** The message where there is no LiveKit server: one line. */
export const howToGetLiveKit =
  'no livekit-server found: run scripts/install.sh meeting-peers, put one on the PATH, or name it in LIVEKIT_SERVER';

/**
 * The path of a LiveKit server: the one named by `LIVEKIT_SERVER`, else the installed one, else `livekit-server` on the
 * PATH; `undefined` where there is none.
 *
 * @throws {LiveKitFault} when `LIVEKIT_SERVER` names something that can't be run.
 */
export async function findLiveKit(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const named = environment['LIVEKIT_SERVER'];
  if (named) {
    if (await isExecutable(named)) return named;
    throw new LiveKitFault(
      `LIVEKIT_SERVER names ${named}, which can't be run: name a livekit-server, or unset it`,
    );
  }
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = [installed, ...folders.map((folder) => join(folder, 'livekit-server'))];
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

export interface LiveKitOptions {
  /** The server's path, as `findLiveKit` found it. */
  binary: string;
  /** The TCP port of the API and of signalling. */
  port: number;
  /** The API key and secret that it accepts. */
  apiKey: string;
  apiSecret: string;
  /** More accepted keys, each with its secret. */
  furtherKeys?: Readonly<Record<string, string>>;
  /** Whether joining a room that does not exist creates it; true by default. */
  autoCreate?: boolean;
}

export type LiveKit = Awaited<ReturnType<typeof startLiveKit>>;

/**
 * Starts a LiveKit server and waits until it answers. Media goes through one UDP port, which the system chooses.
 *
 * @throws {LiveKitFault} when the port is in use, or when the server ends or does not answer within 20 s.
 */
export async function startLiveKit(options: LiveKitOptions) {
  const { binary, port, apiKey, apiSecret, furtherKeys, autoCreate = true } = options;
  const folder = await mkdtemp(join(tmpdir(), 'booky-livekit-'));
  const file = join(folder, 'livekit.json');
  // JSON is also YAML, the format that the server reads.
  const configuration = JSON.stringify({
    port,
    bind_addresses: ['127.0.0.1'],
    keys: { [apiKey]: apiSecret, ...furtherKeys },
    development: true,
    room: { auto_create: autoCreate },
    logging: { level: 'warn' },
    rtc: {
      node_ip: '127.0.0.1',
      enable_loopback_candidate: true,
      interfaces: { includes: ['lo'] },
      ips: { includes: ['127.0.0.1/32'] },
      udp_port: await freeUdpPort(),
      tcp_port: 0,
      use_external_ip: false,
    },
  });
  await writeFile(file, configuration, { mode: 0o600 });
  const child = spawn(binary, ['--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collectTail(child);
  const killWithParent = () => child.kill('SIGKILL');
  process.once('exit', killWithParent);

  /** Ends the server. Participants are told that the meeting is over. */
  const close = async () => {
    await end(child, { signals: stopSignals, timeoutMs: stopTimeoutMs });
    process.off('exit', killWithParent);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilAnswering(child, `http://127.0.0.1:${port}/`, { timeoutMs: startTimeoutMs });
  } catch (error) {
    await close();
    const reason = output().includes('address already in use')
      ? `port ${port} is in use: end what listens there, or put another port into LIVEKIT_WS_URL`
      : `${error instanceof Error ? error.message : error}; its last output: ${output()}`;
    throw new LiveKitFault(`The LiveKit server did not start: ${reason}`);
  }
  return {
    /** For clients. */
    url: `ws://localhost:${port}`,
    close,
    /** Ends it without telling the participants, like a crash, or like a service manager after its timeout. */
    kill: () => {
      child.kill('SIGKILL');
      return close();
    },
  };
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
