import { afterEach, describe, expect, test } from 'vitest';
import { Evaluator } from '../../src/host/evaluate.js';
import type { WorkerProcess } from '../../src/host/worker-process.js';
import type { StepAnswer, StepQuestion } from '../../src/model/workflow.js';
import { FakeClock } from '../../src/testing/fake-clock.js';

const question = (step: string, workflow = 'w'): StepQuestion => ({
  workflow,
  step,
  runId: 'r',
  scheduledFor: null,
  payload: 'null',
  results: {},
});
const run: StepAnswer = { verdict: 'run', payloads: ['1'] };

/** A worker computes one question after the other; at a `deadly` one it dies with all that it was asked, at a `stuck` one it never comes back. */
function setUp() {
  const clock = new FakeClock(0);
  const asked: string[] = [];
  let forks = 0;
  let isStuck = () => false;
  const forkWorker = () => {
    forks++;
    let waiting: { step: string; resolve(answer: StepAnswer | null): void }[] = [];
    isStuck = () => waiting[0]?.step === 'stuck';
    const worker = {
      alive: true,
      loaded: Promise.resolve({ ok: true }),
      evaluate: ({ step }: StepQuestion) =>
        new Promise<StepAnswer | null>(resolve => {
          asked.push(step!);
          if (waiting.push({ step: step!, resolve }) === 1) setImmediate(next);
        }),
      kill() {
        worker.alive = false;
        for (const { resolve } of waiting.splice(0)) resolve(null);
      },
      async stop() {
        worker.kill();
      },
    };
    const next = () => {
      const first = waiting[0];
      if (!first || first.step === 'stuck') return;
      if (first.step === 'deadly') return worker.kill();
      waiting = waiting.slice(1);
      first.resolve(run);
      if (waiting.length > 0) setImmediate(next);
    };
    return worker as unknown as WorkerProcess;
  };
  const fetch = async (release: string) => ({ release, entry: '', jobs: [], workflows: [] });
  const evaluator = new Evaluator({ clock, fetch, forkWorker });
  return { clock, evaluator, asked, forks: () => forks, isStuck: () => isStuck() };
}

let made: ReturnType<typeof setUp>;
afterEach(() => made.evaluator.stop());

describe('asking the code of a release', () => {
  test('is done in one process, many questions at a time', async () => {
    made = setUp();
    const answers = await Promise.all(['a', 'b', 'c'].map(step => made.evaluator.ask('r1', question(step))));
    expect(answers).toEqual([run, run, run]);
    expect(made.forks()).toBe(1);
  });

  test('blames the step that ends the process, and no other', async () => {
    made = setUp();
    const [a, deadly, b] = await Promise.all(
      ['a', 'deadly', 'b'].map(step => made.evaluator.ask('r1', question(step))),
    );
    expect([a, b]).toEqual([run, run]);
    expect(deadly).toMatchObject({
      verdict: 'failed',
      error: { message: expect.stringMatching(/^computing it ended the process.*may only compute a little/) },
    });
    // Asked together, then each of the two alone.
    expect(made.asked).toEqual(['a', 'deadly', 'b', 'deadly', 'b']);
  });

  test('ends a process that is stuck for ten seconds', async () => {
    made = setUp();
    const answers = Promise.all(['stuck', 'a'].map(step => made.evaluator.ask('r1', question(step))));
    const jumps = setInterval(() => made.isStuck() && made.clock.jump());
    expect((await answers).map(({ verdict }) => verdict)).toEqual(['failed', 'run']);
    clearInterval(jumps);
    // Twice ten seconds: together, and alone.
    expect(made.clock.monotonic()).toBeGreaterThanOrEqual(20_000);
  });

  test('asks no more for a while about a step that ends one process after the other', async () => {
    made = setUp();
    for (let n = 0; n < 3; n++) await made.evaluator.ask('r1', question('deadly'));
    const before = made.asked.length;
    // Of another run: that one has not been asked, and does not fail.
    await expect(made.evaluator.ask('r1', question('deadly'))).rejects.toThrow(
      'computing step "deadly" of workflow "w" ended its process again and again: it is asked again within a minute',
    );
    expect(made.asked.length).toBe(before);
    expect(await made.evaluator.ask('r1', question('a'))).toEqual(run);
    made.clock.advance(60_000);
    await made.evaluator.ask('r1', question('deadly'));
    expect(made.asked.length).toBe(before + 3);
  });
});
