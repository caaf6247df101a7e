import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessInfo {
  pid: number;
  parent: number;
  command: string;
}

/** All processes below `root`, children of children included; those that have ended and were not yet collected left out. */
export function descendants(root: number): ProcessInfo[] {
  const all = processes();
  const below = (pid: number): ProcessInfo[] =>
    all.filter(each => each.parent === pid).flatMap(each => [each, ...below(each.pid)]);
  return below(root);
}

export function isAlive(pid: number): boolean {
  return processes().some(each => each.pid === pid);
}

/** Small Linux images have no `ps`, and macOS has no `/proc`. */
function processes(): ProcessInfo[] {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

function fromProc(): ProcessInfo[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        // "pid (name, with any character) state parent …"
        const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'latin1')) ?? [];
        if (state === 'Z' || state === 'X') return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        return []; // It has just ended.
      }
    });
}

function fromPs(): ProcessInfo[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap(line => {
      const [, pid, parent, state, command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      if (!pid || state?.startsWith('Z') || command.startsWith('ps -A -o')) return [];
      return [{ pid: Number(pid), parent: Number(parent), command }];
    });
}
