import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nameSchema } from '../../model/release.js';
import type { SavedState } from '../../model/saved-state.js';
import { SlackwaterError } from '../../platform/errors.js';
import { lineOf, readStates } from './read-states.js';

/** A corpus is kept in a repository: beyond this it takes no more, bytes. It is also what is held in memory at most. */
const MOST_BYTES = 64 * 1024 * 1024;

interface CorpusFile {
  states: SavedState[];
  texts: Set<string>;
  added: number;
}

/** What became of the states that were offered: each counts once. */
export interface Kept {
  added: number;
  /** Equal to one that is there. */
  known: number;
  /** The file of its job and version, or the corpus as a whole, is full. */
  leftOut: number;
  /** Nothing but the library's own cursors: no schema reads them. */
  empty: number;
  /** The files that were written. */
  files: string[];
}

/**
 * Adds states to a corpus: `<folder>/<job>/v<version>.jsonl`, each different state once, the oldest first. What is there stays, so a corpus grows
 * at the ends of its files and reads well as a diff.
 * @param limit of states in one file.
 */
export async function keepStates(
  folder: string,
  states: AsyncIterable<SavedState>,
  limit: number,
): Promise<Kept> {
  const files = new Map<string, CorpusFile>();
  const kept: Kept = { added: 0, known: 0, leftOut: 0, empty: 0, files: [] };
  let bytes = 0;
  for await (const state of states) {
    if (state.state === null || state.version === null) {
      kept.empty += 1;
      continue;
    }
    const name = fileOf(folder, state.job, state.version);
    let file = files.get(name);
    if (!file) {
      file = await openFile(name);
      files.set(name, file);
      for (const text of file.texts) bytes += text.length;
    }
    if (file.texts.has(state.state)) kept.known += 1;
    else if (file.states.length >= limit || bytes + state.state.length > MOST_BYTES) kept.leftOut += 1;
    else {
      file.states.push(state);
      file.texts.add(state.state);
      file.added += 1;
      kept.added += 1;
      bytes += state.state.length;
    }
  }
  for (const [name, { states, added }] of files) {
    if (added === 0) continue;
    await writeWhole(name, states.sort(byAge).map(lineOf).join(''));
    kept.files.push(name);
  }
  return kept;
}

/** A job's name comes from a server and becomes a path. */
function fileOf(folder: string, job: string, version: number): string {
  if (!nameSchema.safeParse(job).success)
    throw new SlackwaterError(
      'bad-request',
      `${JSON.stringify(job)} is no name of a job that could name a folder: export the others with --job`,
    );
  return path.join(folder, job, `v${version}.jsonl`);
}

async function openFile(name: string): Promise<CorpusFile> {
  const states: SavedState[] = [];
  const there = await stat(name).catch(() => null);
  if (there) for await (const { at: _, ...state } of readStates([name])) states.push(state);
  return { states, texts: new Set(states.map(({ state }) => state ?? '')), added: 0 };
}

/** The oldest first; without a time, before all others. */
const byAge = (a: SavedState, b: SavedState): number => {
  const [one, other] = [a, b].map(({ savedAt, run }) => `${savedAt ?? ''} ${run ?? ''}`);
  return one! < other! ? -1 : one! > other! ? 1 : 0;
};

/** By one rename, so that a corpus is never half-written. */
async function writeWhole(name: string, text: string): Promise<void> {
  await mkdir(path.dirname(name), { recursive: true });
  const temporary = `${name}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, name);
}
