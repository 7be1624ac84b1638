/** An AWS on this machine, for one rehearsal: MiniStack, on loopback and with IAM enforced. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { freePort } from '../../local/ports.ts';
import { collectTail, end, signalGroup, untilAnswering } from '../../local/server-process.ts';
import { awsCommand } from './aws.ts';
import { RehearsalFault, requireTools, tools } from './tools.ts';

const region = 'eu-central-1';

export type MiniStack = Awaited<ReturnType<typeof startMiniStack>>;

/** @throws {RehearsalFault} when a tool is missing, or when MiniStack ends or does not answer within a minute. */
export async function startMiniStack() {
  await requireTools();
  const folder = await mkdtemp(join(tmpdir(), 'booky-ministack-'));
  const port = await freePort();
  const systemPath = process.env['PATH'] ?? '';

  const child = spawn(tools.ministack, {
    cwd: folder,
    // Without this process's environment variables, because the functions would inherit them.
    env: {
      PATH: [dirname(tools.node), systemPath].join(delimiter),
      HOME: folder,
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_REGION: region,
      // Roles are checked, so that a missing permission fails here as it would on AWS.
      AUTH: 'true',
      // These would listen on every interface.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a separate process group, so Ctrl-C does not end it. `close` ends it, after everything that still needs it.
    detached: true,
  });
  const output = collectTail(child);
  const killWithParent = () => signalGroup(child, 'SIGKILL');
  process.once('exit', killWithParent);

  /** Ends it and its functions. All that it stored is deleted. */
  const close = async () => {
    await end(child, { timeoutMs: 10_000 });
    // The functions' processes that it left running.
    signalGroup(child, 'SIGKILL');
    process.off('exit', killWithParent);
    await rm(folder, { recursive: true, force: true });
  };

  const url = `http://127.0.0.1:${port}`;
  try {
    await untilAnswering(child, `${url}/_ministack/ready`, { timeoutMs: 60_000 });
  } catch (error) {
    await close();
    const reason = error instanceof Error ? error.message : error;
    throw new RehearsalFault(`MiniStack did not start: ${reason}; its last output: ${output()}`);
  }
  /** The variables with which an AWS CLI calls it instead of AWS, as its root user; and a PATH that has the `aws` command. */
  const environment = {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    // The aws command, version 1, reads only this one.
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    PATH: [dirname(tools.aws), systemPath].join(delimiter),
  };
  // The process is the parent of the functions' processes.
  return { url, region, environment, aws: awsCommand(environment), pid: child.pid ?? 0, close };
}
