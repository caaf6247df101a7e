import type { Run } from '../../model/run.js';
import { unlessLeft } from '../away.js';
import type { Client } from '../client.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { detachOnSignal, exitIfDetached } from '../live/detach.js';
import { listen } from '../live/listen.js';
import { print, printJson, say, styleOf } from '../output.js';
import { logLine } from '../show/log-line.js';
import { isEnded } from '../show/run.js';

/** Between two looks at a log that is followed, ms. */
const LOOK_AGAIN = 500;

/** The log of a run: readable on a terminal, as it was written elsewhere. With `--follow` until the run has ended, or Ctrl-C. */
export async function logs(id: string, options: CommonOptions & { follow?: boolean }): Promise<void> {
  const client = connect(options);
  const style = styleOf(process.stdout);
  const show = process.stdout.isTTY && !options.json ? (line: string) => print(logLine(line, style)) : print;
  if (options.follow) return follow(client, id, show);
  const items = await client.list<string>(`/v1/runs/${part(id)}/logs`);
  if (options.json) return printJson({ items });
  for (const line of items) show(line);
}

async function follow(client: Client, id: string, show: (line: string) => void): Promise<void> {
  const stop = new AbortController();
  const giveBack = detachOnSignal(stop);
  const news = listen(
    client,
    '/v1/events',
    stop.signal,
    ({ type, data }) => type === 'run.state' && data.run === id,
  );
  const log = tail(from => client.list<string>(`/v1/runs/${part(id)}/logs`, { cursor: from }));
  try {
    while (!stop.signal.aborted) {
      // Asked before the log is read: what it wrote last is in there then.
      const look = client.get<Run>(`/v1/runs/${part(id)}`, {}, stop.signal);
      const run = await look.catch(unlessLeft(stop.signal));
      if (stop.signal.aborted) break;
      for (const line of (await log().catch(unlessLeft(stop.signal))) ?? []) show(line);
      if (run && isEnded(run)) return;
      await news.next(LOOK_AGAIN);
    }
    // What comes next does not begin behind the ^C of the terminal.
    if (process.stderr.isTTY) say('');
    exitIfDetached(stop.signal);
  } finally {
    giveBack();
    stop.abort('over');
  }
}

/**
 * What was added to a log since the last call. A log that is full loses its first lines, and places in it move: where the last line that was
 * seen is not at its place any more, it is looked for.
 * @param read gives the lines from a place on
 */
export function tail(read: (from: number) => Promise<string[]>): () => Promise<string[]> {
  let seen = 0;
  let last: string | undefined;
  return async () => {
    let lines = await read(Math.max(0, seen - 1));
    let added = lines.slice(1);
    if (last === undefined) added = lines;
    else if (lines[0] !== last) {
      lines = await read(0);
      added = lines.slice(lines.lastIndexOf(last) + 1);
      seen = lines.length - added.length;
    }
    seen += added.length;
    last = added.at(-1) ?? last;
    return added;
  };
}
