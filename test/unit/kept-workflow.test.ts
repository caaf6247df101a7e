import { describe, expect, test } from 'vitest';
import {
  actsOf,
  fieldOf,
  isOver,
  type KeptStep,
  type KeptWorkflow,
  nextDue,
} from '../../src/model/kept-workflow.js';
import { lastSteps, type StepManifest, type StepState } from '../../src/model/workflow.js';
import { ownOptionsOf } from '../../src/queue/own-options.js';
import { partRunId } from '../../src/queue/workflow-runs.js';
import { stepOf } from '../redis/workflows/story.js';

function kept(
  steps: [StepManifest, StepState, Partial<KeptStep>?][],
  more: Partial<KeptWorkflow> = {},
): KeptWorkflow {
  const stands: KeptStep = {
    state: 'waiting',
    count: null,
    left: 0,
    failed: 0,
    cancelled: 0,
    enqueued: 0,
    again: false,
    ended: 0,
    runs: null,
    dueAt: null,
    readyAt: null,
    settledAt: null,
    signalled: false,
  };
  return {
    app: 'a',
    graph: { name: 'w', steps: steps.map(([step]) => step) },
    revision: 1,
    stop: null,
    why: null,
    retry: false,
    priority: 0,
    steps: Object.fromEntries(steps.map(([step, state, own]) => [step.name, { ...stands, state, ...own }])),
    now: 1_000,
    ...more,
  };
}

const job = stepOf('a', 'job');
const each = stepOf('a', 'job', { each: true });
const signal = stepOf('a', 'signal');

describe('what there is to do for a step', () => {
  test.each<[string, KeptWorkflow, ('expand' | 'enqueue' | 'end')[]]>([
    ['waits for another: nothing', kept([[job, 'waiting']]), []],
    ['ready: ask the code', kept([[job, 'ready']]), ['expand']],
    ['ready, and it is a signal: let it wait', kept([[signal, 'ready']]), ['expand']],
    ['expanded: enqueue its runs', kept([[each, 'expanded', { count: 9, enqueued: 4 }]]), ['enqueue']],
    ['running: nothing', kept([[each, 'running', { count: 9, left: 3 }]]), []],
    ['settled: nothing', kept([[job, 'done', { count: 1 }]]), []],
    [
      'expanded, and the workflow stops: cancel',
      kept([[each, 'expanded', { count: 9 }]], { stop: 'failed' }),
      ['end'],
    ],
    [
      'running, and the workflow stops: cancel',
      kept([[each, 'running', { count: 9 }]], { stop: 'cancelled' }),
      ['end'],
    ],
    [
      'all were looked at: nothing more',
      kept([[each, 'running', { count: 9, ended: 9 }]], { stop: 'failed' }),
      [],
    ],
    [
      'a signal is waited for, and the workflow stops: nothing',
      kept([[signal, 'running']], { stop: 'failed' }),
      [],
    ],
    ['it is about to be reopened: nothing', kept([[job, 'ready']], { retry: true }), []],
  ])('%s', (_, workflow, acts) => {
    expect(actsOf(workflow).map(({ act }) => act)).toEqual(acts);
  });
});

test('a workflow is over when every step has come to its end, however', () => {
  const [b, c, d] = ['b', 'c', 'd'].map(name => stepOf(name, 'job'));
  const ends: [StepManifest, StepState][] = [
    [job, 'done'],
    [b!, 'failed'],
    [c!, 'skipped'],
    [d!, 'stopped'],
  ];
  expect(isOver(kept(ends))).toBe(true);
  for (const state of ['waiting', 'ready', 'expanded', 'running'] as const)
    expect(isOver(kept([...ends.slice(0, 3), [d!, state]])), state).toBe(false);
});

test('the next time is that of the waits that are under way', () => {
  const b = stepOf('b', 'wait');
  expect(
    nextDue(
      kept([
        [signal, 'running', { dueAt: 9 }],
        [b, 'running', { dueAt: 7 }],
      ]),
    ),
  ).toBe(7);
  expect(
    nextDue(
      kept([
        [signal, 'done', { dueAt: 9 }],
        [b, 'running'],
      ]),
    ),
  ).toBeNull();
});

test('the last steps are those that no other waits for', () => {
  const steps = [
    job,
    stepOf('b', 'job', { after: ['a'] }),
    stepOf('c', 'job', { after: ['a'] }),
    stepOf('d', 'job'),
  ];
  expect(lastSteps({ steps }).map(({ name }) => name)).toEqual(['b', 'c', 'd']);
});

test('results are kept by step, or by step and place', () => {
  expect([fieldOf('a', null), fieldOf('a', 17)]).toEqual(['a', 'a/17']);
});

describe('the ID of a run that is part of a workflow', () => {
  const ours = 'run-0abcdefgh0123456789a';
  test.each([
    [ours, 'clean', null, `${ours}@clean`],
    [ours, 'score', 17, `${ours}@score,17`],
    [`${ours}@inner`, 'score', 17, `${ours}@inner@score,17`],
    ['17', 'clean', null, '17@q@clean'],
    ['run-17', 'clean', null, 'run-17@q@clean'],
  ])('%s, %s, %s: %s', (jobId, step, index, id) => {
    expect(partRunId({ queue: 'q', jobId }, step, index)).toBe(id);
  });

  test('is another for each run, whatever the names', () => {
    const ids = [
      partRunId({ queue: 'q', jobId: ours }, 'a', 3),
      partRunId({ queue: 'q', jobId: ours }, 'a.3', null),
      partRunId({ queue: 'q', jobId: '17' }, 'a', null),
      partRunId({ queue: 'p', jobId: '17' }, 'a', null),
      partRunId({ queue: 'q.p', jobId: '17' }, 'a', null),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('what a job says of being part of a workflow', () => {
  const part = { queue: 'q', jobId: 'j', step: 's', index: 4 };

  test('is read as it was written', () => {
    const own = { part, timeoutMs: 5, backoff: { type: 'fixed', delayMs: 7 } };
    expect(ownOptionsOf({ slackwater: own })).toEqual(own);
    // The queue library leaves out what is null.
    const { index: _, ...whole } = part;
    expect(ownOptionsOf({ slackwater: { part: whole } })).toEqual({
      part: { ...part, index: null },
    });
  });

  test.each([
    [{ part: { ...part, index: -1 } }],
    [{ part: { ...part, index: '4' } }],
    [{ part: { ...part, step: '' } }],
    [{ part: { queue: 'q', jobId: 'j', index: null } }],
    [{ part: 'q' }],
    [{ timeoutMs: '5' }],
    [{ timeoutMs: 0 }],
    [{ backoff: { type: 'other', delayMs: 1 } }],
    [{ backoff: 3 }],
  ])('is not taken for what it is not: %j', slackwater => {
    expect(ownOptionsOf({ slackwater })).toEqual({});
  });
});
