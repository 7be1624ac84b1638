/** Servers in separate processes: waits until they answer, keeps their last output, ends them. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves when the server answers at `url` with a status below 500.
 *
 * @param options.timeoutMs without it there is no limit
 * @throws an error with the reason, worded to follow a colon: the process has ended, can't be run, or took too long.
 */
export async function untilAnswering(
  child: ChildProcess,
  url: string,
  { timeoutMs = Number.POSITIVE_INFINITY }: { timeoutMs?: number } = {},
): Promise<void> {
  const ended = Promise.race([
    once(child, 'exit').then(([code, signal]) => `it ended with ${code ?? signal}`),
    once(child, 'error').then(([error]) => `it could not be run (${error.message})`),
  ]);
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const answering = fetch(url, { signal: AbortSignal.timeout(1_000) })
      .then((response) => response.status < 500)
      .catch(() => false);
    const outcome = await Promise.race([answering, ended]);
    if (typeof outcome === 'string') throw new Error(outcome);
    // The answer may be from another server on this port: then the child can't listen there, and ends.
    const fate = await Promise.race([ended, delay(outcome ? 200 : 50, 'running')]);
    if (fate !== 'running') throw new Error(fate);
    if (outcome) return;
  }
  throw new Error(`it did not answer at ${url} within ${timeoutMs / 1_000} s`);
}

/** Reads everything that the process prints, because a full pipe would block it; keeps the last 2,000 characters. */
export function collectTail(child: ChildProcess): () => string {
  let tail = '';
  const append = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-2_000);
  };
  child.stdout?.on('data', append);
  child.stderr?.on('data', append);
  return () => tail.trim() || 'none';
}

/** Asks the process to end with these signals, kills it after `timeoutMs` milliseconds, and resolves when it has ended. */
export async function end(
  child: ChildProcess,
  { signals = ['SIGTERM'], timeoutMs }: { signals?: readonly NodeJS.Signals[]; timeoutMs: number },
): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  for (const signal of signals) child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(timer);
}

/** Sends a signal to a process that was started as `detached`, and to its whole process group. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}
