import { existsSync, readFileSync } from 'node:fs';
import type { Effect } from '../releases/_ledger.js';

export type { Effect };

/** The effects written so far, in the order of the file. */
export function readLedger(file: string): Effect[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // The last piece is empty, or a line that is being written.
  return lines.slice(0, -1).map(line => JSON.parse(line) as Effect);
}

export interface Account {
  /** Effects that are there more than once, beyond the first. */
  repeated: Effect[];
  /** `run/item` of those that should be there and are not. */
  lost: string[];
  /** Effects written by an attempt other than the first. */
  retried: Effect[];
}

/** Holds the ledger against what `items` items of each run should have left. */
export function account(effects: Effect[], runs: string[], items: number): Account {
  const seen = new Set<string>();
  const repeated = effects.filter(({ run, item }) => {
    const key = `${run}/${item}`;
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  });
  const wanted = runs.flatMap(run => Array.from({ length: items }, (_, item) => `${run}/${item}`));
  return {
    repeated,
    lost: wanted.filter(key => !seen.has(key)),
    retried: effects.filter(({ attempt }) => attempt !== 1),
  };
}

/** Runs that two processes computed at the same time: an effect of an older fence after one of a newer. */
export function overlaps(effects: Effect[]): Effect[] {
  const newest = new Map<string, number>();
  const inOrder = [...effects].sort((a, b) => (BigInt(a.at) < BigInt(b.at) ? -1 : 1));
  return inOrder.filter(effect => {
    const fence = newest.get(effect.run) ?? 0;
    newest.set(effect.run, Math.max(fence, effect.fence));
    return effect.fence < fence;
  });
}

/** How a run went on in a start after an earlier one, both of which left effects. */
export interface Continuation {
  run: string;
  fence: number;
  /** The first item of the earlier start, and how many it did. */
  before: { first: number; items: number };
  first: number;
  /** How far back it went: from the item that it began with to the end of the earlier start, ms. 0 where it repeats none. */
  backMs: number;
}

/** Every start that followed another of its run, in the order of the fences. */
export function continuations(effects: Effect[]): Continuation[] {
  return [...groups(effects, ({ run }) => run)].flatMap(([run, ofRun]) => {
    const starts = [...groups(ofRun, ({ fence }) => fence)].sort(([a], [b]) => a - b);
    return starts.slice(1).map(([fence, [begin]], i) => {
      const earlier = starts[i]![1];
      const again = earlier.find(({ item }) => item === begin!.item);
      const backNs = again ? BigInt(earlier.at(-1)!.at) - BigInt(again.at) : 0n;
      const before = { first: earlier[0]!.item, items: earlier.length };
      return { run, fence, before, first: begin!.item, backMs: Number(backNs / 1_000_000n) };
    });
  });
}

/** How long no run computed, ms, for each time between the first effect and the last. A start computes from its first effect to its last. */
export function standstills(effects: Effect[]): number[] {
  const starts = [...groups(effects, ({ run, fence }) => `${run}/${fence}`).values()];
  const spans = starts.map(ofStart => ({ from: BigInt(ofStart[0]!.at), to: BigInt(ofStart.at(-1)!.at) }));
  spans.sort((a, b) => (a.from < b.from ? -1 : 1));
  let until = spans[0]?.to ?? 0n;
  return spans.flatMap(({ from, to }) => {
    const still = from > until ? [Number((from - until) / 1_000_000n)] : [];
    if (to > until) until = to;
    return still;
  });
}

function groups<Key>(effects: Effect[], keyOf: (effect: Effect) => Key): Map<Key, Effect[]> {
  const found = new Map<Key, Effect[]>();
  for (const effect of effects) {
    const group = found.get(keyOf(effect));
    if (group) group.push(effect);
    else found.set(keyOf(effect), [effect]);
  }
  return found;
}
