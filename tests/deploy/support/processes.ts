import { readdir, readFile } from 'node:fs/promises';

/** The ids of a process's children (Linux). */
export async function childrenOf(parent: number): Promise<number[]> {
  const children: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end while this reads.
    const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
    if (/^PPid:\s+(\d+)$/m.exec(status)?.[1] === String(parent)) children.push(Number(entry));
  }
  return children;
}

/** Whether a process runs (Linux). A zombie, which has ended but was not waited for, does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return status !== '' && !/^State:\s+[ZX]/m.test(status);
}
