import { beforeEach, expect, test } from 'vitest';
import type { HeldRun } from '../../src/host/held-run.js';
import { WindowWatch } from '../../src/host/window-watch.js';
import { sampleIntent, T0 } from '../support/window-samples.js';

let watch: WindowWatch;
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
  watch = new WindowWatch(
    () => T0 + 5,
    { intent, finalState: () => {} },
    () => {},
  );
});

test('of those in flight it counts which ended, and which went on; no other that starts again', () => {
  const [a, b, c, d] = runs(4) as [HeldRun, HeldRun, HeldRun, HeldRun];
  d.yieldedAt = T0 - 60_000;
  enter(a, b, c);
  watch.begin('win-1');
  watch.drainBegins();
  stop(a, 'yielded');
  stop(b, 'interrupted');
  stop(c, 'completed');
  watch.reopened();
  // Since an earlier window it had found no room.
  for (const run of [a, b, d]) goOn(run);
  expect(watch.tally).toMatchObject({ inFlight: 3, yielded: 1, finished: 1, resumed: 2, pauses: [5, 5] });
  stop(a, 'interrupted');
  goOn(a);
  expect(watch.tally).toMatchObject({ inFlight: 3, resumed: 2 });
});

test('on the way back it counts those that return, and the figures of the stop stay', () => {
  const [a, b, c] = runs(3) as [HeldRun, HeldRun, HeldRun];
  enter(a, b);
  watch.begin('win-1');
  watch.drainBegins();
  stop(a, 'yielded');
  stop(b, 'yielded');
  watch.reopened();
  goOn(a);
  enter(c);
  watch.drainBegins();
  stop(a, 'yielded');
  stop(c, 'yielded');
  watch.reopened();
  for (const run of [a, b, c]) goOn(run);
  expect(watch.tally).toMatchObject({ inFlight: 3, yielded: 2, resumed: 1, returned: 3 });
});

test('what comes over with the workers of a canary was not stopped', () => {
  const [a, b] = runs(2) as [HeldRun, HeldRun];
  enter(a);
  watch.begin('win-1');
  watch.drainBegins();
  stop(a, 'yielded');
  watch.entered(b);
  watch.reopened();
  goOn(a);
  expect(watch.tally).toMatchObject({ inFlight: 1, resumed: 1 });
});

test('it keeps the first that fail where runs went on, or in the workers of a canary, and no hook', () => {
  const [a, b, c, d, ahead, hook] = runs(6) as HeldRun[];
  Object.assign(ahead!, { ahead: true });
  Object.assign(hook!, { ahead: true, claimed: { runId: 'hook', taskRelease: 'new' } });
  const fail = (run: HeldRun, message: string) =>
    watch.ended(run, { kind: 'failed', retry: true, error: { name: 'Error', message, stack: '' } });
  watch.begin('win-1');
  fail(a!, 'on the old release');
  fail(ahead!, 'x'.repeat(1_000));
  fail(hook!, 'a hook');
  watch.drainBegins();
  watch.reopened();
  fail(a!, 'once');
  fail(a!, 'twice');
  watch.ended(b!, { kind: 'parked', parked: { reason: 'its worker died', choices: [] } });
  fail(c!, 'one too many');
  fail(d!, 'one too many');
  const at = { job: 'pdf', release: 'new' };
  expect(watch.tally!.failures).toEqual([
    { ...at, run: 'run-4', state: 'failed', error: `Error: ${'x'.repeat(293)}` },
    { ...at, run: 'run-0', state: 'failed', error: 'Error: once' },
    { ...at, run: 'run-1', state: 'parked', error: 'its worker died' },
  ]);
});
