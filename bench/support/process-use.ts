import { readFileSync } from 'node:fs';

/** What a process takes of the machine; Linux only, from /proc. */
export interface Use {
  /** Time of a core, ms. */
  cpuMs: number;
  /** Resident, bytes. */
  memory: number;
}

/** Of the kernel's clock, which is the same on every machine. */
const TICK_MS = 10;
const PAGE = 4_096;

export function useOf(pid: number): Use {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Behind the name, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  const resident = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  return { cpuMs: (user + system) * TICK_MS, memory: resident * PAGE };
}
