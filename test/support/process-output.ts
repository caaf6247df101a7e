import type { ChildProcess } from 'node:child_process';
import { within } from './eventually.js';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A place in the output of a process: lines before it can be left out by `line`. */
type Mark = number & { readonly mark?: never };

export interface ProcessOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when it has ended and all its output has been read. Never rejects. */
  readonly exit: Promise<Exit>;
  /**
   * The first line, on either stream, that matches: one already printed counts, unless `after` marks a later beginning.
   * @throws Error on timeout (default 30 s) or when the process ends first, with all the output.
   */
  line(pattern: RegExp, options?: { timeout?: number; after?: Mark }): Promise<RegExpExecArray>;
  mark(): Mark;
}

/** Collects what a process prints. */
export function watchOutput(child: ChildProcess): ProcessOutput {
  const texts = { stdout: '', stderr: '' };
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  let ended = false;
  for (const name of ['stdout', 'stderr'] as const) {
    let rest = '';
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      const whole = (rest + text).split('\n');
      rest = whole.pop()!;
      lines.push(...whole);
      for (const listener of [...listeners]) listener();
    });
  }
  const exit = new Promise<Exit>(resolve => {
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      ended = true;
      for (const listener of [...listeners]) listener();
      resolve({ code, signal, ...texts });
    };
    child.once('close', end);
    child.once('error', error => {
      texts.stderr += error.message;
      end(null, null);
    });
  });
  const seen: ProcessOutput = {
    get stdout() {
      return texts.stdout;
    },
    get stderr() {
      return texts.stderr;
    },
    exit,
    mark: () => lines.length,
    line(pattern, { timeout = 30_000, after = 0 } = {}) {
      let listener = () => {};
      const found = new Promise<RegExpExecArray>((resolve, reject) => {
        listener = () => {
          const match = lines
            .slice(after)
            .map(line => pattern.exec(line))
            .find(Boolean);
          if (match) resolve(match);
          else if (ended) reject(new Error(`it ended without a line like ${pattern}\n${shown(seen)}`));
        };
        listeners.add(listener);
        listener();
      });
      return within(timeout, `a line like ${pattern}`, found, () => shown(seen)).finally(() =>
        listeners.delete(listener),
      );
    },
  };
  return seen;
}

/** Both streams, for the message of a failure. */
export function shown({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return `--- stdout\n${stdout}\n--- stderr\n${stderr}`;
}
