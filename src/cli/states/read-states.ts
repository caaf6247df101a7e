import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type SavedState, savedStateSchema } from '../../model/saved-state.js';
import { SlackwaterError } from '../../platform/errors.js';

/** A state of a corpus, and the line that it stands in, for people: `states/count/v1.jsonl:3`. */
export interface KeptState extends SavedState {
  at: string;
}

const CORPUS_FILE = /\.(jsonl|ndjson)$/;

/**
 * The states in files, one a line, and in all `.jsonl` files of folders, in the order of their names. They are read as they are asked for.
 * @param from paths, or `-` for stdin.
 * @throws SlackwaterError `bad-request` naming file, line and what is wrong there.
 */
export async function* readStates(from: string[]): AsyncGenerator<KeptState> {
  for (const each of from)
    for (const file of await filesOf(each)) {
      let number = 0;
      const input = file === '-' ? process.stdin : createReadStream(file);
      for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
        number += 1;
        const at = `${file === '-' ? 'stdin' : path.relative('', file)}:${number}`;
        if (line.trim() !== '') yield { ...parseState(line, at), at };
      }
    }
}

async function filesOf(from: string): Promise<string[]> {
  if (from === '-') return [from];
  const info = await stat(from).catch(error => {
    throw new SlackwaterError(
      'bad-request',
      `cannot read ${from} (${error.code}): name a file or folder that "slackwater runs export-checkpoints --out" wrote`,
    );
  });
  if (!info.isDirectory()) return [from];
  const names = (await readdir(from, { recursive: true })).filter(name => CORPUS_FILE.test(name));
  return names.sort().map(name => path.join(from, name));
}

function parseState(line: string, at: string): SavedState {
  const explain = (why: string) =>
    new SlackwaterError(
      'bad-request',
      `${at} is no saved state (${why}): each line must be {"job": …, "version": …, "state": …} as "slackwater runs export-checkpoints" writes it`,
    );
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw explain((error as Error).message);
  }
  const parsed = savedStateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: field, message } = parsed.error.issues[0]!;
  throw explain(`${field.join('/')} ${message}`);
}

/** As a line of a corpus, always with the same fields in the same order. */
export const lineOf = ({ job, version, run, savedAt, release, state }: SavedState): string =>
  `${JSON.stringify({ job, version, run, savedAt, release, state })}\n`;
