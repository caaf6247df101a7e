import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fate, Schedule, ScheduleState } from '../../src/model/schedule.js';
import { type FirePlan, ON_TIME_MS, planFires } from '../../src/schedule/plan-fires.js';
import { timesOf } from '../../src/schedule/times.js';
import { T0 } from '../support/window-samples.js';

const second = 1_000;
const minute = 60 * second;
const hold = { reason: 'window win-1 holds its queue', window: 'win-1' };

/** What happens between two looks; a look follows each. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('passes'), ms: fc.nat(10 * minute) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('back'), ms: fc.nat(10 * minute) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('ends') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hold') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause') }) },
  // The look is planned and lost: whoever looks next plans from what stands.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dies') }) },
) as fc.Arbitrary<{ kind: 'passes' | 'back' | 'ends' | 'hold' | 'pause' | 'dies'; ms?: number }>;

const rules = fc.record({
  missed: fc.constantFrom('latest', 'all', 'skip'),
  overlap: fc.constantFrom('skip', 'queue', 'replace'),
  maxMissed: fc.integer({ min: 1, max: 5 }),
  maxAgeMs: fc.integer({ min: minute, max: 60 * minute }),
  jitterMs: fc.constantFrom(0, 5 * second),
}) as fc.Arbitrary<Pick<Schedule, 'missed' | 'overlap' | 'maxMissed' | 'maxAgeMs' | 'jitterMs'>>;

/** What is kept of a schedule over a story, and the rules that hold at each look. */
class Story {
  state: ScheduleState = { last: T0, held: [], waiting: [], run: null };
  now = T0;
  /** The run that is on. */
  busy: number | null = null;
  held = false;
  paused = false;
  readonly fates = new Map<number, Fate>();
  readonly times;

  constructor(private readonly schedule: Schedule) {
    this.times = timesOf('billing', schedule);
  }

  look(room: number): FirePlan {
    const paused = this.paused ? { by: 'ann', at: '', reason: null } : null;
    const busy = this.busy === null ? null : String(this.busy);
    const situation = { now: this.now, paused, hold: this.held ? hold : null, busy, room };
    return planFires(this.schedule, this.times, this.state, situation);
  }

  take(plan: FirePlan): void {
    expect(plan.state.last).toBeGreaterThanOrEqual(this.state.last);
    const started = plan.fires.filter(({ fate }) => fate === 'ran' || fate === 'late');
    // One at a time, and never beside one that has not ended.
    expect(started.length).toBeLessThanOrEqual(this.busy === null && !this.held && !this.paused ? 1 : 0);
    for (const { at, fate } of plan.fires) {
      // Only what was held gets another fate.
      expect(this.fates.get(at) ?? 'held').toBe('held');
      this.fates.set(at, fate);
      if (fate === 'ran') expect(this.now - this.times.after(at - 1)!.dueAt).toBeLessThanOrEqual(ON_TIME_MS);
      const queued = this.state.waiting.some(fire => fire.at === at && !fire.missed);
      if (fate === 'late' && !queued)
        expect(this.now - at).toBeLessThanOrEqual(this.schedule.maxAgeMs! + ON_TIME_MS);
    }
    const open = [...plan.state.held, ...plan.state.waiting].map(({ at }) => at);
    expect(new Set(open).size).toBe(open.length);
    expect(open.sort()).toEqual(
      [...this.fates]
        .filter(([, fate]) => fate === 'held')
        .map(([at]) => at)
        .sort(),
    );
    expect(plan.state.held.length).toBeLessThanOrEqual(this.schedule.maxMissed!);
    expect(plan.state.waiting.length).toBeLessThanOrEqual(this.schedule.maxMissed!);
    // In order: nothing that is older still waits.
    for (const { at } of started) expect(plan.state.waiting.filter(fire => fire.at < at)).toEqual([]);
    if (started.length > 0) this.busy = started[0]!.at;
    this.state = plan.state;
  }
}

test('whatever happens, every fire gets one last fate, none runs beside another, and only what was held gets a second one', () => {
  fc.assert(
    fc.property(rules, fc.array(fc.tuple(happening, fc.nat(3)), { maxLength: 60 }), (given, happenings) => {
      const schedule: Schedule = {
        job: 'often',
        queue: 'q',
        cron: '* * * * *',
        timezone: 'UTC',
        payload: {},
        ...given,
      };
      const story = new Story(schedule);
      for (const [{ kind, ms = 0 }, room] of happenings) {
        if (kind === 'passes') story.now += ms;
        if (kind === 'back') story.now -= ms;
        if (kind === 'ends') story.busy = null;
        if (kind === 'hold') story.held = !story.held;
        if (kind === 'pause') story.paused = !story.paused;
        const plan = story.look(room);
        if (kind !== 'dies') story.take(plan);
      }
      // All is well again: what was held ends, one after another.
      story.held = false;
      story.paused = false;
      story.now = Math.max(story.now, story.state.last);
      for (let i = 0; i < 20 && (i === 0 || story.state.waiting.length > 0); i++) {
        story.busy = null;
        story.take(story.look(1));
      }
      const instants = Array.from(
        { length: (story.state.last - T0) / minute },
        (_, i) => T0 + (i + 1) * minute,
      );
      expect([...story.fates.keys()].sort()).toEqual(instants.sort());
      expect([...story.fates.values()]).not.toContain('held');
    }),
    { numRuns: 500 },
  );
});
