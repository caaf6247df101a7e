import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { atMost } from '../../platform/at-most.js';
import { OutputTail } from './output-tail.js';
import { endGroup } from './process-group.js';
import { aborted, done, type Executor, failed, lost, type Result, type Try, whyGivenUp } from './try.js';

/** How long output is still read once the program has ended: whoever it left behind in a group of its own may keep the pipe, ms. */
const LAST_OUTPUT_MS = 500;

/**
 * Runs a program of this machine, in the working directory of the server and a process group of its own; the group ends with it.
 * @param granted names of the environment variables that it gets beside PATH, HOME, LANG and what tells it of its window.
 */
export function commandExecutor(granted: string[]): Executor {
  return async (of, signal) => {
    const [program = '', ...args] = of.action.command!;
    const output = new OutputTail();
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environmentOf(of, granted),
      });
      const begun = once(child, 'spawn');
      await begun;
    } catch (error) {
      return failed(whyNotBegun(program, error as NodeJS.ErrnoException));
    }
    for (const pipe of [child.stdout!, child.stderr!]) pipe.on('data', (chunk: Buffer) => output.add(chunk));
    const exit = once(child, 'exit') as Promise<[code: number | null, by: NodeJS.Signals | null]>;
    const closed = once(child, 'close');
    const ended = await Promise.race([exit, aborted(signal)]);
    await endGroup(child.pid!);
    await exit;
    await atMost(LAST_OUTPUT_MS, closed);
    child.stdout!.destroy();
    child.stderr!.destroy();
    return ended ? resultOf(ended, output) : lost(`${whyGivenUp(signal)}, and was killed`, output.text);
  };
}

function resultOf([code, by]: [number | null, NodeJS.Signals | null], output: OutputTail): Result {
  if (code === 0) return done(output.text);
  if (code === null) return lost(`it was killed from outside (${by})`, output.text);
  const said = output.lastLine;
  return failed(`exit code ${code}${said && `: ${said}`}`, output.text);
}

function whyNotBegun(program: string, error: NodeJS.ErrnoException): string {
  const name = JSON.stringify(program);
  if (error.code === 'ENOENT')
    return program.includes('/')
      ? `there is no program ${name} on the server (working directory ${process.cwd()})`
      : `there is no program ${name} on the PATH of the server: give its path, or add its folder to that PATH`;
  if (error.code === 'EACCES') return `${name} may not be run on the server: make it executable for its user`;
  return `${name} could not be begun on the server: ${error.message}`;
}

const ALWAYS = ['PATH', 'HOME', 'LANG'];

function environmentOf(of: Try, granted: string[]): NodeJS.ProcessEnv {
  const passed = [...ALWAYS, ...granted].flatMap(name =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return {
    ...Object.fromEntries(passed),
    SLACKWATER_WINDOW: of.window,
    SLACKWATER_APP: of.app,
    SLACKWATER_RELEASE: of.release,
    SLACKWATER_PREVIOUS_RELEASE: of.previousRelease ?? '',
    [of.kind === 'hook' ? 'SLACKWATER_HOOK' : 'SLACKWATER_PROBE']: of.name,
    SLACKWATER_ATTEMPT: String(of.attempt),
  };
}
