import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nextSum } from '../work/steps.js';
import { check } from './bench.js';
import type { Stretch } from './ledger.js';

/** All stretches of one round that took a step, in the order in which they were entered. */
export function readLedger(dir: string): Stretch[] {
  return readdirSync(dir)
    .filter(file => file.endsWith('.jsonl'))
    .flatMap(file => readFileSync(join(dir, file), 'utf8').split('\n'))
    .map(line => line.replaceAll('\0', '').trim())
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Stretch)
    .filter(stretch => stretch.last > 0)
    .sort((a, b) => a.enteredAt - b.enteredAt);
}

/** By run, the only stretch that each took under this name. @throws Error if a run has none, or started twice. */
export function onePerRun(ledger: Stretch[], by: string, runs: number): Map<string, Stretch> {
  const found = new Map<string, Stretch>();
  for (const stretch of ledger.filter(stretch => stretch.by === by)) {
    check(!found.has(stretch.run), `${stretch.run} started twice on ${by}`);
    found.set(stretch.run, stretch);
  }
  check(found.size === runs, `${found.size} of ${runs} runs are in the ledger of ${by}`);
  return found;
}

/** By run, the first stretch that each took under this name: where a run may start again by itself. @throws Error if one has none. */
export function firstPerRun(ledger: Stretch[], by: string, runs: number): Map<string, Stretch> {
  const found = new Map<string, Stretch>();
  for (const stretch of ledger)
    if (stretch.by === by && !found.has(stretch.run)) found.set(stretch.run, stretch);
  check(found.size === runs, `${found.size} of ${runs} runs are in the ledger of ${by}`);
  return found;
}

/** @throws Error unless each run went on with the very next step, the state that it had, and no attempt spent. */
export function checkHandover(before: Map<string, Stretch>, after: Map<string, Stretch>): void {
  for (const [run, old] of before) {
    const next = after.get(run)!;
    check(old.first === 1, `${run} began with step ${old.first}`);
    check(
      next.first === old.last + 1,
      `${run} stopped after step ${old.last} and went on with ${next.first}`,
    );
    check(old.attempt === 1 && next.attempt === 1, `${run} is in attempt ${next.attempt}`);
    checkSum(old);
    checkSum(next);
  }
}

const SUMS = [0];

/** @throws Error unless the state is what these steps in their order make of it. */
export function checkSum({ run, last, sum }: Stretch): void {
  for (let step = SUMS.length; step <= last; step++) SUMS.push(nextSum(SUMS[step - 1]!, step));
  check(sum === SUMS[last], `the state of ${run} after step ${last} is not that of its steps`);
}

export interface Gap {
  /** From the first run that stopped to the last that goes on: its first step is done. */
  untilAllMs: number;
  /** From the last step on the old code to the first run in the new. */
  nothingMs: number;
  /** From the last step on the old code to the first on the new. */
  downtimeMs: number;
  /** Each run's own, from its last step to its next. */
  pauses: number[];
}

/** What a handover cost, seen from outside. `pairs`: what stopped, and what goes on in its place. */
export function gapOf(pairs: { old: Pick<Stretch, 'lastAt'>; next: Stretch }[]): Gap {
  const stopped = pairs.map(({ old }) => old.lastAt);
  const lastStop = most(stopped);
  const firstStep = least(pairs.map(({ next }) => next.firstAt));
  return {
    untilAllMs: most(pairs.map(({ next }) => next.firstAt)) - least(stopped),
    nothingMs: least(pairs.map(({ next }) => next.enteredAt)) - lastStop,
    downtimeMs: firstStep - lastStop,
    pauses: pairs.map(({ old, next }) => next.firstAt - old.lastAt),
  };
}

const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
