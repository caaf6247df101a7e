import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HookLine, Line } from './line.js';

/** What the ledger alone says. Each finding is a sentence. */
export interface LedgerFindings {
  starts: number;
  items: number;
  /** Items begun again that were not sure: what a crash costs. */
  again: number;
  /** Commits that were saved and not confirmed in time. */
  unconfirmed: number;
  /** Begun again after it was sure. */
  repeated: string[];
  /** A step or an effect whose result was kept, done again; or kept with two results. */
  twice: string[];
  /** A start with a state below what was sure. */
  back: string[];
  /** An older fence worked on after a newer one had begun. */
  together: string[];
  /** A start in a later attempt, though no run fails. */
  attempts: string[];
  /** What was sure, by run: to be held against what Redis says. */
  sure: Map<string, Map<number | string, unknown>>;
  /** Items that were begun, by run. */
  begun: Map<string, Set<number | string>>;
}

/** All lines, in the order in which they were written. */
export function readLines(dir: string): Line[] {
  return readdirSync(dir)
    .flatMap(file => parseLines<Line>(join(dir, file)))
    .sort((a, b) => a.at - b.at);
}

/** Of each window and hook, how often it was begun. */
export function readHooks(file: string): Map<string, number> {
  const begun = new Map<string, number>();
  for (const { window, hook } of existsSync(file) ? parseLines<HookLine>(file) : [])
    begun.set(`${window} ${hook}`, (begun.get(`${window} ${hook}`) ?? 0) + 1);
  return begun;
}

/** A line that its process did not live to finish is none. */
function parseLines<Parsed>(file: string): Parsed[] {
  const pieces = readFileSync(file, 'utf8').split('\n');
  return pieces.slice(0, -1).map(text => JSON.parse(text) as Parsed);
}

/** @param lines in the order in which they were written. */
export function judge(lines: Line[]): LedgerFindings {
  const found: LedgerFindings = {
    starts: 0,
    items: 0,
    again: 0,
    unconfirmed: 0,
    repeated: [],
    twice: [],
    back: [],
    together: [],
    attempts: [],
    sure: new Map(),
    begun: new Map(),
  };
  const newest = new Map<string, number>();
  for (const line of lines) {
    const { run, fence } = line;
    const who = `${run} (fence ${fence}, at ${line.at})`;
    const fenceBefore = newest.get(run) ?? 0;
    newest.set(run, Math.max(fence, fenceBefore));
    const sure = of(found.sure, run, () => new Map<number | string, unknown>());
    if (line.t === 'start') {
      found.starts++;
      if (line.attempt > 1) found.attempts.push(`${who} is in attempt ${line.attempt}`);
      const items = [...sure.keys()].filter(what => typeof what === 'number');
      const past = items.length === 0 ? -1 : Math.max(...items);
      if (line.next <= past) found.back.push(`${who} started with item ${line.next}, and ${past} was sure`);
    }
    if (line.t === 'begin' || line.t === 'start') {
      if (fence < fenceBefore) found.together.push(`${who} worked on after fence ${fenceBefore} had begun`);
    }
    if (line.t === 'begin') {
      found.items++;
      const begun = of(found.begun, run, () => new Set<number | string>());
      if (begun.has(line.what)) found.again++;
      begun.add(line.what);
      const kind = typeof line.what === 'number' ? found.repeated : found.twice;
      if (sure.has(line.what)) kind.push(`${who} began ${line.what} again, which was sure`);
    }
    if (line.t === 'sure') {
      if (sure.has(line.what) && sure.get(line.what) !== line.value)
        found.twice.push(
          `${who} found ${line.what} kept as ${line.value}, and it was ${sure.get(line.what)}`,
        );
      sure.set(line.what, line.value);
    }
    if (line.t === 'unconfirmed') found.unconfirmed++;
  }
  return found;
}

function of<Key, Value>(map: Map<Key, Value>, key: Key, fresh: () => Value): Value {
  const known = map.get(key) ?? fresh();
  map.set(key, known);
  return known;
}
