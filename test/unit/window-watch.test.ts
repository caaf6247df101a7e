import { beforeEach, expect, test } from 'vitest';
import type { HeldRun } from '../../src/host/held-run.js';
import { WindowWatch } from '../../src/host/window-watch.js';
import { sampleIntent, T0 } from '../support/window-samples.js';

let watch: WindowWatch;
let now: number;
const intent = sampleIntent();
const runs = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const claimed = { runId: `run-${i}`, taskRelease: null };
    return { claimed, job: 'pdf', release: 'new', ahead: false } as HeldRun;
  });
const enter = (...some: HeldRun[]) => some.forEach(run => void watch.entered(run));
/** As the host does: out of the worker, then what it left. */
function stop(run: HeldRun, how: 'yielded' | 'interrupted' | 'completed'): void {
  watch.left(run);
  if (how === 'completed') return watch.ended(run, { kind: 'completed', result: null });
  if (how === 'yielded') watch.yielded(run);
  else watch.interrupted(run, 10, 1);
  run.yieldedAt = T0;
}
function goOn(run: HeldRun): void {
  watch.entered(run);
  watch.started(run);
  run.yieldedAt = null;
}

beforeEach(() => {
  now = T0 + 5;
  watch = new WindowWatch(
    () => now,
    { intent, finalState: () => {} },
    () => {},
  );
});

test('of those in flight it counts which ended, and which went on; no other that starts again', () => {
  const [a, b, c, d] = runs(4) as [HeldRun, HeldRun, HeldRun, HeldRun];
  d.yieldedAt = T0 - 60_000;
  enter(a, b, c);
  watch.begin('win-1');
  watch.drainBegins('old');
  stop(a, 'yielded');
  stop(b, 'interrupted');
  stop(c, 'completed');
  watch.reopened('new');
  // Since an earlier window it had found no room.
  for (const run of [a, b, d]) goOn(run);
  expect(watch.tally).toMatchObject({ inFlight: 3, yielded: 1, finished: 1, resumed: 2, pauses: [5, 5] });
  stop(a, 'interrupted');
  goOn(a);
  expect(watch.tally).toMatchObject({ inFlight: 3, resumed: 2 });
});

test('a probe that computes while the rest is stopped is none of those, and no progress of theirs', () => {
  const [a, probe] = runs(2) as [HeldRun, HeldRun];
  Object.assign(probe.claimed, { taskRelease: 'new' });
  enter(a);
  watch.begin('win-1');
  watch.drainBegins('old');
  watch.progress(a);
  stop(a, 'yielded');
  const stopped = { ...watch.tally };
  now += 1_000;
  enter(probe);
  watch.started(probe);
  watch.progress(probe);
  watch.advanced(probe);
  stop(probe, 'completed');
  expect(watch.tally).toEqual(stopped);
  watch.reopened('new');
  watch.started(probe);
  watch.advanced(probe);
  expect(watch.tally).toMatchObject({ firstStartNew: null, firstProgressNew: null });
});

test('on the way back it counts those that return, and the figures of the stop stay', () => {
  const [a, b, c] = runs(3) as [HeldRun, HeldRun, HeldRun];
  enter(a, b);
  watch.begin('win-1');
  watch.drainBegins('old');
  stop(a, 'yielded');
  stop(b, 'yielded');
  watch.reopened('new');
  goOn(a);
  enter(c);
  watch.drainBegins('new');
  stop(a, 'yielded');
  stop(c, 'yielded');
  watch.reopened('old');
  for (const run of [a, b, c]) goOn(run);
  expect(watch.tally).toMatchObject({ inFlight: 3, yielded: 2, resumed: 1, returned: 3 });
});

test('a watch that is held and goes on in the new release is no way back', () => {
  const [a, b, c] = runs(3) as [HeldRun, HeldRun, HeldRun];
  enter(a, b);
  watch.begin('win-1');
  watch.drainBegins('old');
  stop(a, 'yielded');
  stop(b, 'yielded');
  watch.reopened('new');
  goOn(a);
  enter(c);
  watch.drainBegins('new');
  stop(a, 'yielded');
  stop(c, 'yielded');
  watch.reopened('new');
  // One that had found no room yet goes on after all; the others had gone on, or were not there yet.
  for (const run of [a, b, c]) goOn(run);
  expect(watch.tally).toMatchObject({ inFlight: 2, yielded: 2, resumed: 2 });
  expect(watch.tally!.returned).toBeUndefined();
  watch.ended(a, { kind: 'failed', retry: true, error: { name: 'Error', message: 'no', stack: '' } });
  expect(watch.tally!.failures).toMatchObject([{ run: 'run-0' }]);
});

test('what it holds is what has begun and is neither over nor given back; a hook is no run', () => {
  const [a, b, c, ahead, hook] = runs(5) as [HeldRun, HeldRun, HeldRun, HeldRun, HeldRun];
  Object.assign(ahead, { ahead: true });
  Object.assign(hook, { ahead: true, claimed: { runId: 'hook', taskRelease: 'new' } });
  watch.begin('win-1');
  enter(a, b, c, ahead, hook);
  expect(watch.held).toBe(4);
  watch.drainBegins('old');
  stop(a, 'yielded');
  stop(b, 'completed');
  watch.left(c);
  expect(watch.held).toBe(3);
  watch.yielded(c);
  watch.settled(c);
  watch.reopened('new');
  expect(watch.held).toBe(2);
  goOn(a);
  stop(a, 'completed');
  watch.settled(ahead);
  expect(watch.held).toBe(0);
});

test('claims that are lost before their runs had gone on are counted, and stopped no more', () => {
  const [a, b, c, again] = runs(4) as [HeldRun, HeldRun, HeldRun, HeldRun];
  const lose = (run: HeldRun) => watch.settled(Object.assign(run, { lost: true }));
  enter(a, b, c);
  watch.begin('win-1');
  watch.drainBegins('old');
  lose(a);
  watch.left(a);
  stop(b, 'yielded');
  stop(c, 'yielded');
  watch.reopened('new');
  lose(b);
  goOn(c);
  lose(c);
  watch.left(c);
  enter(again);
  watch.drainBegins('new');
  watch.reopened('old');
  expect(watch.tally).toMatchObject({ inFlight: 3, resumed: 1, lost: 2 });
  expect(watch.held).toBe(1);
});

test('what comes over with the workers of a canary was not stopped', () => {
  const [a, b] = runs(2) as [HeldRun, HeldRun];
  enter(a);
  watch.begin('win-1');
  watch.drainBegins('old');
  stop(a, 'yielded');
  watch.entered(b);
  watch.reopened('new');
  goOn(a);
  expect(watch.tally).toMatchObject({ inFlight: 1, resumed: 1 });
});

test('it keeps the first that fail where runs went on, or in the workers of a canary, and no hook', () => {
  const [a, b, c, d, e, ahead, hook] = runs(7) as HeldRun[];
  Object.assign(ahead!, { ahead: true });
  Object.assign(hook!, { ahead: true, claimed: { runId: 'hook', taskRelease: 'new' } });
  const fail = (run: HeldRun, message: string) =>
    watch.ended(run, { kind: 'failed', retry: true, error: { name: 'Error', message, stack: '' } });
  watch.begin('win-1');
  fail(a!, 'on the old release');
  fail(ahead!, 'x'.repeat(1_000));
  fail(hook!, 'a hook');
  watch.drainBegins('old');
  watch.reopened('new');
  fail(a!, 'once');
  fail(a!, 'twice');
  watch.ended(b!, { kind: 'parked', parked: { reason: 'its worker died', choices: [] } });
  for (const run of [c!, d!, e!]) fail(run, 'in turn');
  const of = (run: string, error: string, state = 'failed') => ({
    ...{ job: 'pdf', release: 'new', at: new Date(T0 + 5).toISOString() },
    ...{ run, state, error },
  });
  expect(watch.tally!.failures).toEqual([
    of('run-5', `Error: ${'x'.repeat(293)}`),
    of('run-0', 'Error: once'),
    of('run-1', 'its worker died', 'parked'),
    of('run-2', 'Error: in turn'),
    of('run-3', 'Error: in turn'),
  ]);
});
