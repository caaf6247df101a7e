import { describe, expect, it } from 'vitest';
import type { HostAppStatus } from '../../src/model/intent.js';
import type { TaskSign } from '../../src/model/task.js';
import type { Choice, Window } from '../../src/model/window.js';
import { holdOf, intentOf } from '../../src/window/act.js';
import { decide } from '../../src/window/decide.js';
import { LIMITS } from '../../src/window/facts.js';
import { iso, sampleHost, sampleIntent, sampleProof, T0, windowIn } from '../support/window-samples.js';
import { seen, watch, watched } from './window-cases/back.js';
import { ask } from './window-cases/case.js';
import { hook, task } from './window-cases/tasks.js';

/** One host that does at once what it is told, and hooks that end as they are told to. */
class Told {
  now = T0;
  records: ReturnType<typeof seen>['records'] | undefined;
  readonly released: (string | null)[] = [];
  readonly gates: string[] = [];

  constructor(
    public window: Window,
    private readonly ends: Record<string, TaskSign['state']> = {},
    private readonly host: Partial<HostAppStatus> = {},
  ) {}

  /** Until nothing moves any more, or something is held or over. */
  settle(): Window {
    for (let step = 0; step < 60; step++) {
      const intent = intentOf(this.window);
      if (intent) {
        this.released.push(intent.release);
        this.gates.push(`${this.window.phase} ${intent.gate}`);
      }
      const before = this.window;
      if (this.step().phase === 'done') break;
      if (this.window === before) this.now += LIMITS.retryMs;
    }
    return this.window;
  }

  /** At most one. */
  step(): Window {
    this.window = decide(this.window, this.#look(), this.now, LIMITS)?.window ?? this.window;
    return this.window;
  }

  choose(choice: Choice): Window {
    this.window = { ...this.window, request: ask('end', choice) };
    return this.settle();
  }

  #look() {
    const told = intentOf(this.window) ?? sampleIntent();
    const hosts = [
      sampleHost('a', {
        release: told.moved.includes('a') ? told.standby : told.release,
        standby: told.standby === null ? null : { release: told.standby, state: 'ready', error: null },
        gate: told.gate,
        proof: sampleProof({ round: told.proofRound }),
        ...this.host,
      }),
    ];
    const signs = Object.fromEntries(
      this.window.tasks.map(({ kind, name }) => {
        const state = this.ends[name] ?? 'done';
        const sign = { state, output: '', error: state === 'done' ? null : 'so it went' } as TaskSign;
        return [`${kind}:${name}`, sign];
      }),
    );
    return {
      intent: sampleIntent(),
      hosts,
      busy: null,
      signs,
      ...(this.records && { records: this.records }),
    };
  }
}

const stopping = (change: Partial<Window> = {}): Window =>
  windowIn('swapping', { routedAt: null, running: 'old', ...change });

it('counts for how long intake was held, which is not while slow runs come in', () => {
  const coming = windowIn('draining', { arriveAt: iso(T0 + 5_000) });
  const told = new Told(coming, {}, { gate: 'open', running: 2, comingIn: 1 });
  told.now = T0 + 5_000;
  const closed = told.step();
  expect(closed).toMatchObject({ phase: 'draining', closedAt: iso(T0 + 5_000), closedMs: 0 });
  expect(holdOf(closed)).toMatchObject({ placedAt: iso(T0 + 5_000) });
  const still = new Told(closed);
  still.now = T0 + 7_000;
  expect(still.settle()).toMatchObject({ outcome: 'completed', closedAt: null, closedMs: 2_000 });
  expect(still.window.summary).toMatch(/intake was held for 2\.0s/);
});

describe('a window with hooks, told to its end', () => {
  it('goes on where a second breaking hook had failed and a person has it done again', () => {
    const ends: Record<string, TaskSign['state']> = { two: 'failed' };
    const told = new Told(
      stopping({
        hooks: [hook('one', 'stopped'), hook('two', 'stopped')],
        tasks: [task('one', 'stopped'), task('two', 'stopped')],
      }),
      ends,
    );
    expect(told.settle()).toMatchObject({ outcome: 'held', held: { phase: 'swapping', task: 'two' } });
    expect(told.window.held!.choices.find(({ choice }) => choice === 'retry')!.does).toMatch(
      /hook two again/,
    );
    expect(holdOf(told.window)).not.toBeNull();
    ends.two = 'done';
    expect(told.choose('retry')).toMatchObject({ outcome: 'completed', held: null });
  });

  it('goes on without it where the person says so', () => {
    const told = new Told(
      stopping({
        hooks: [hook('one', 'stopped'), hook('two', 'stopped')],
        tasks: [task('one', 'stopped'), task('two', 'stopped')],
      }),
      { two: 'failed' },
    );
    told.settle();
    expect(told.choose('go-on')).toMatchObject({ outcome: 'completed' });
    expect(told.window.tasks.map(({ state }) => state)).toEqual(['done', 'skipped']);
  });

  it('is held where an idempotent hook was lost at every try: it may be half done', () => {
    const told = new Told(
      stopping({
        hooks: [hook('migrate', 'stopped', { idempotent: true }), hook('revert', 'undo')],
        tasks: [task('migrate', 'stopped'), task('revert', 'undo')],
      }),
      { migrate: 'lost' },
    );
    expect(told.settle()).toMatchObject({ outcome: 'held', held: { task: 'migrate' } });
    expect(told.choose('go-back')).toMatchObject({ outcome: 'aborted', running: 'old' });
    expect(told.window.tasks.find(({ name }) => name === 'revert')!.state).toBe('done');
    expect(told.released).not.toContain('new');
  });

  it('never sends hosts forward on the way back from a hold before anything had stopped', () => {
    const told = new Told(
      windowIn('preparing', {
        running: 'old',
        hooks: [hook('expand', 'before'), hook('revert', 'undo')],
        tasks: [task('expand', 'before'), task('revert', 'undo')],
      }),
      { expand: 'lost' },
    );
    expect(told.settle()).toMatchObject({ outcome: 'held', held: { phase: 'preparing' } });
    expect(holdOf(told.window)).toBeNull();
    expect(told.choose('go-back')).toMatchObject({ outcome: 'aborted' });
    expect(told.window.tasks.find(({ name }) => name === 'revert')!.state).toBe('done');
    expect(new Set(told.released)).toEqual(new Set(['old']));
  });

  it('does the last hooks only when the watch is content, and is not rolled back after them', () => {
    const told = new Told(
      windowIn('watching', {
        watch,
        watched,
        hooks: [hook('contract', 'after')],
        tasks: [task('contract', 'after')],
      }),
    );
    told.records = seen({ completed: 5, failed: 30 }).records;
    expect(told.settle()).toMatchObject({ outcome: 'rolled-back' });
    expect(told.window.tasks[0]).toMatchObject({ state: 'pending', attempt: 0 });

    const content = new Told(
      windowIn('watching', {
        watch: { ...watch, durationMs: 5_000 },
        watched,
        hooks: [hook('contract', 'after')],
        tasks: [task('contract', 'after')],
      }),
    );
    content.records = seen({ completed: 30 }).records;
    expect(content.settle()).toMatchObject({ outcome: 'completed', tasks: [{ state: 'done' }] });
  });

  it('keeps intake open, on the former release, where an undo hook fails side by side', () => {
    const told = new Told(
      windowIn('watching', {
        strategy: 'rolling',
        rolling: { batch: 1, pauseMs: 0 },
        watch,
        watched,
        hooks: [hook('expand', 'before'), hook('revert', 'undo')],
        tasks: [task('expand', 'before', { state: 'done', attempt: 1 }), task('revert', 'undo')],
      }),
      { revert: 'failed' },
    );
    told.records = seen({ completed: 5, failed: 30 }).records;
    expect(told.settle()).toMatchObject({ outcome: 'held', running: 'old', held: { task: 'revert' } });
    expect(intentOf(told.window)).toMatchObject({ release: 'old', gate: 'open' });
    expect(told.choose('go-on')).toMatchObject({ outcome: 'rolled-back' });
    expect(told.gates.filter(gate => gate.endsWith('closed'))).toEqual([]);
  });

  it('keeps the new release loaded for a hook that undoes and is a job', () => {
    const undo = { command: undefined, job: { name: 'revert', payload: {} } };
    const window = stopping({
      rollback: {
        because: 'a hook failed',
        at: windowIn('swapping').phases[0]!.at,
        from: 'swapping',
        hadMoved: false,
      },
      hooks: [hook('revert', 'undo', undo)],
      tasks: [task('revert', 'undo')],
    });
    expect(intentOf(window)).toMatchObject({ release: 'old', standby: 'new', gate: 'closed' });
  });

  it('never closes intake again with an end that has passed while something is undone', () => {
    const window = stopping({
      running: 'new',
      rollback: { because: 'bad', at: windowIn('swapping').phases[0]!.at, from: 'watching', hadMoved: true },
      hooks: [hook('revert', 'undo')],
      tasks: [task('revert', 'undo', { state: 'running', attempt: 1 })],
    });
    expect(Date.parse(intentOf(window)!.until!)).toBeGreaterThan(Date.parse(window.endsBy!));
  });

  it('tells what it ended that was still at work', () => {
    const window = windowIn('preparing', {
      request: ask('cancel'),
      hooks: [hook('expand', 'before')],
      tasks: [task('expand', 'before', { state: 'running', attempt: 1 })],
    });
    const told = new Told(window);
    expect(told.settle()).toMatchObject({
      outcome: 'cancelled',
      tasks: [{ state: 'unknown', error: expect.stringMatching(/it was ended/) }],
    });
  });
});
