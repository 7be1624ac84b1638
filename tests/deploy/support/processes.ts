import { readdir, readFile } from 'node:fs/promises';

/** The ids of a process's children (Linux). */
export async function childrenOf(parent: number): Promise<number[]> {
  const children: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // A process may end while this reads: then it is nobody's child any more.
    const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
    if (/^PPid:\s+(\d+)$/m.exec(status)?.[1] === String(parent)) children.push(Number(entry));
  }
  return children;
}
