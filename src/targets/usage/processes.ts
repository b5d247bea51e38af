import { readFile } from 'node:fs/promises';
import type { ProcessUse } from './records';

/** Ticks of /proc are 100 a second on every Linux that Python and Node are built for (sysconf _SC_CLK_TCK). */
const tickNs = 10_000_000;
const pageBytes = 4096;

/** CPU time and memory of a process of this machine; undefined when it is gone, and where there is no /proc. */
export async function processUse(pid: number, unixNs: string): Promise<ProcessUse | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The name stands in brackets and may hold blanks and brackets itself. Fields: proc_pid_stat(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [user, system, threads, pages] = [11, 12, 17, 21].map((at) => Number(fields[at]));
    if (![user, system, threads, pages].every(Number.isFinite)) return undefined;
    return {
      t: 'use',
      unixNs,
      pid,
      cpuNs: (user! + system!) * tickNs,
      residentBytes: pages! * pageBytes,
      threads: threads!,
    };
  } catch {
    return undefined;
  }
}
