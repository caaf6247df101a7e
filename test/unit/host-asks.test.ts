import { describe, expect, test } from 'vitest';
import { Asks } from '../../src/host/asks.js';
import type { HeldRun } from '../../src/host/held-run.js';
import { HeldRuns } from '../../src/host/held-runs.js';
import { Pace } from '../../src/host/pace.js';
import type { Slot } from '../../src/host/slot.js';
import { Stride } from '../../src/host/stride.js';
import type { ToWorker } from '../../src/model/messages.js';
import type { JobManifest } from '../../src/model/release.js';
import { FakeClock } from '../../src/testing/fake-clock.js';

const NOW = Date.UTC(2026, 5, 1);
/** Time between two chances to yield, of each job; `null`: never seen. */
const GAPS: Record<string, number | null> = {
  quick: 10,
  middling: 400,
  busy: 1_500,
  busier: 3_000,
  slow: 5_000,
  slower: 60_000,
  unseen: null,
};

/** A host that runs one run of each of these jobs. */
function hostOf(...jobs: string[]) {
  const clock = new FakeClock(NOW);
  const held = new HeldRuns();
  const pace = new Pace(() => clock.now());
  const told: string[] = [];
  const slot = {
    send(message: ToWorker) {
      if (message.t === 'drain')
        for (const claim of message.claims!) told.push(`${message.on ? 'ask' : 'let'} ${jobs[claim - 1]}`);
    },
  } as Slot<HeldRun>;
  for (const [job, gap] of Object.entries(GAPS))
    if (gap !== null) pace.passed(job, { count: 1, ms: gap, longest: gap });
  const add = (job: string, jobId: string) => {
    const claimed = { queue: 'q', jobId, runId: jobId, job, payload: '', token: 't' };
    return held.add({ ...claimed, attempts: null, scheduledFor: null } as HeldRun['claimed']);
  };
  const runs = jobs.map((job, i) => {
    const run = add(job, String(i));
    held.waiting.delete(run);
    const definition = { name: job, checkpointVersion: 1 } as JobManifest;
    Object.assign(run, {
      state: 'running',
      slot,
      claim: i + 1,
      startedAt: NOW,
      stride: new Stride(NOW),
      definition,
    });
    return run;
  });
  const asks = new Asks({ held, pace, clock, now: () => clock.now() });
  const hear = (i: number) => runs[i]!.stride.hear({ count: 1, ms: 10, longest: 10 }, clock.now());
  return { clock, held, pace, told, runs, asks, add, hear };
}

describe('coming in together', () => {
  test('asks the slow ones at once, the others just before, and who nobody knows at once too', () => {
    const { clock, asks, told, hear } = hostOf('quick', 'slow', 'slower', 'unseen');
    asks.follow(NOW + 60_000, false);
    expect(told).toEqual(['ask slower', 'ask unseen']);
    // Both go on telling of chances.
    const pass = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 250) {
        clock.advance(250);
        hear(0);
        hear(1);
      }
    };
    pass(53_000);
    expect(told).toEqual(['ask slower', 'ask unseen']);
    pass(4_000);
    expect(told).toEqual(['ask slower', 'ask unseen', 'ask slow']);
    pass(2_750);
    expect(told).not.toContain('ask quick');
    clock.advance(250);
    expect(told).toEqual(['ask slower', 'ask unseen', 'ask slow', 'ask quick']);
    asks.stop();
  });

  test('counts the slow ones until they are in', () => {
    const { clock, asks, runs } = hostOf('quick', 'middling', 'slow', 'unseen');
    expect(asks.comingIn).toBe(0);
    asks.follow(NOW + 5_000, false);
    expect(asks.comingIn).toBe(2);
    runs[2]!.slot = null;
    expect(asks.comingIn).toBe(1);
    runs[3]!.slot = null;
    clock.advance(100);
    expect(asks.comingIn).toBe(0);
    asks.follow(null, true);
  });

  test('takes none for slow where a busy machine makes all need long', () => {
    const { asks } = hostOf(...Array<string>(20).fill('busy'), ...Array<string>(20).fill('busier'), 'slower');
    asks.follow(NOW + 60_000, false);
    expect(asks.comingIn).toBe(1);
    asks.stop();
  });

  test('asks one that falls silent meanwhile, but does not wait for it: where one after the other does, that would never end', () => {
    const { clock, asks, told } = hostOf('quick');
    asks.follow(NOW + 60_000, false);
    expect(asks.comingIn).toBe(0);
    clock.advance(5_000);
    expect(told).toEqual(['ask quick']);
    expect(asks.comingIn).toBe(0);
    asks.stop();
  });

  test('lets those go on that were asked, where it is called off, and leaves the rest to the pool', () => {
    const off = hostOf('quick', 'slow');
    off.asks.follow(NOW + 5_000, false);
    off.asks.follow(null, false);
    expect(off.told).toEqual(['ask slow', 'let slow']);
    const all = hostOf('quick', 'slow');
    all.asks.follow(NOW + 5_000, false);
    all.asks.follow(null, true);
    all.clock.advance(10_000);
    expect(all.told).toEqual(['ask slow']);
  });

  test('may come sooner than was said first', () => {
    const { asks, told } = hostOf('quick', 'slow', 'slower');
    asks.follow(NOW + 60_000, false);
    asks.follow(NOW + 5_000, false);
    expect(told).toEqual(['ask slower', 'ask slow']);
    asks.stop();
  });

  test('starts only what ends before or can stop soon, and nothing that has stopped', () => {
    const { asks, pace, add, held } = hostOf();
    pace.ended('short', 1_000);
    pace.ended('long', 3_600_000);
    const waiting = ['quick', 'slow', 'short', 'long', 'unseen'].map((job, i) => add(job, String(i)));
    const may = () => waiting.filter(run => asks.mayStart(run)).map(run => run.job);
    expect(may()).toHaveLength(5);
    asks.follow(NOW + 5_000, false);
    expect(may()).toEqual(['quick', 'short']);
    held.rest(waiting[0]!);
    expect(may()).toEqual(['short']);
    asks.follow(NOW + 500, false);
    expect(may()).toEqual([]);
    asks.follow(null, false);
    expect(may()).toHaveLength(5);
  });
});
