import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SavedState } from '../../model/saved-state.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, say } from '../output.js';
import { plural } from '../show/text.js';
import { type Kept, keepStates } from '../states/keep-states.js';
import { liveStates } from '../states/live-states.js';
import { lineOf } from '../states/read-states.js';

/** States of one job and version in a folder, unless told otherwise: a corpus wants kinds, not numbers. */
const IN_A_FOLDER = 100;

interface ExportOptions extends CommonOptions {
  job?: string;
  app?: string;
  limit?: number;
  out?: string;
}

/** The live checkpoints of a server: as lines to stdout or a file, or as a corpus in a folder. */
export async function exportCheckpoints(options: ExportOptions): Promise<void> {
  const { job, app, limit, out } = options;
  const states = liveStates(connect(options), { job, app });
  if (out === undefined) return void (await writeLines(process.stdout, states, limit));
  if (await isFolder(out)) {
    const kept = await keepStates(out, states, limit ?? IN_A_FOLDER);
    return options.json ? printJson({ out, ...kept }) : tellKept(out, kept);
  }
  const written = await writeLines(createWriteStream(out), states, limit);
  if (options.json) return printJson({ out, states: written });
  say(`${plural(written, 'state')} in ${out}`);
}

/** What is there already says it; otherwise a name with an ending is that of a file. */
async function isFolder(out: string): Promise<boolean> {
  const there = await stat(out).catch(() => null);
  return there ? there.isDirectory() : out.endsWith('/') || path.extname(out) === '';
}

/** One state a line, no faster than they are taken. @returns how many */
async function writeLines(
  to: NodeJS.WritableStream,
  states: AsyncIterable<SavedState>,
  limit = Number.POSITIVE_INFINITY,
): Promise<number> {
  let count = 0;
  async function* lines() {
    for await (const state of states) {
      yield lineOf(state);
      count += 1;
      if (count >= limit) return;
    }
  }
  await pipeline(lines, to, { end: to !== process.stdout });
  return count;
}

function tellKept(out: string, { added, known, leftOut, empty, files }: Kept): void {
  for (const file of files) print(file);
  say(`${plural(added, 'new state')} in ${out}, ${known} were there`);
  if (empty > 0)
    say(`${plural(empty, 'run')} saved nothing but the library's own cursors: there is no state to keep`);
  if (leftOut > 0)
    say(
      `${plural(leftOut, 'state')} left out: enough of their job and version are there (--limit N takes more)`,
    );
}
