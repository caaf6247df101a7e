import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually, within } from './eventually.js';
import { onEnd } from './lifetime.js';
import { type Exit, type ProcessOutput, shown, watchOutput } from './process-output.js';
import { descendants, isAlive, type ProcessInfo } from './process-tree.js';

export type { Exit } from './process-output.js';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
const CLI = `${ROOT}dist/cli/main.js`;

export interface SpawnOptions {
  /** Added to PATH and HOME; nothing else of the test's own environment is passed on. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Written to stdin, which then ends. */
  input?: string;
}

export interface RunningProcess extends ProcessOutput {
  readonly pid: number;
  /** Default SIGTERM. */
  kill(signal?: NodeJS.Signals): void;
  /** All processes below it. */
  children(): ProcessInfo[];
}

/** `node dist/cli/main.js …args` */
export function spawnCli(args: string[], options: SpawnOptions = {}): RunningProcess {
  if (!existsSync(CLI)) throw new Error('dist/cli/main.js is missing: run "npm run build"');
  return spawnNode([CLI, ...args], options);
}

/** Runs the CLI to its end and gives its exit; fails after `timeout` ms (default 60 000) with the output so far. */
export async function runCli(
  args: string[],
  { timeout = 60_000, ...options }: SpawnOptions & { timeout?: number } = {},
): Promise<Exit> {
  const cli = spawnCli(args, options);
  return within(timeout, `the end of slackwater ${args.join(' ')}`, cli.exit, () => shown(cli));
}

/** `node …args` */
export function spawnNode(args: string[], options: SpawnOptions = {}): RunningProcess {
  return spawnProcess(process.execPath, args, options);
}

/** Any program. It is killed when the test (or the file) ends, which fails if a process that it started outlives it. */
export function spawnProcess(program: string, args: string[], options: SpawnOptions = {}): RunningProcess {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(program, args, {
    cwd: options.cwd ?? ROOT,
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input);
  const gone = new Promise(resolve => child.once('exit', resolve).once('error', resolve));
  const family: ProcessInfo[] = [];
  const children = () => descendants(child.pid ?? -1);
  onEnd(async () => {
    family.push(...children());
    child.kill('SIGKILL');
    await gone;
    await noneLeft(family);
  });
  const kill = (signal: NodeJS.Signals = 'SIGTERM') => {
    // Once it is gone, nobody knows any more whose children they were.
    family.push(...children());
    child.kill(signal);
  };
  return Object.assign(watchOutput(child), { pid: child.pid ?? -1, kill, children });
}

async function noneLeft(family: ProcessInfo[]): Promise<void> {
  const left = () => family.filter(({ pid }) => isAlive(pid));
  await eventually(() => left().length === 0).catch(() => {
    const list = left().map(({ pid, command }) => `  ${pid} ${command}`);
    for (const { pid } of left()) process.kill(pid, 'SIGKILL');
    throw new Error(`processes outlive the one that started them:\n${list.join('\n')}`);
  });
}
