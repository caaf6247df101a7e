import { describe, expect, it } from 'vitest';
import type { StepManifest, StepState, WorkflowManifest } from '../../src/model/workflow.js';
import { graphFit, stepsBefore } from '../../src/workflow/graph-fit.js';
import { sampleStep } from '../support/sample-workflows.js';

const step = (name: string, after: string[] = [], more: Partial<StepManifest> = {}) =>
  sampleStep(name, { after, ...more });
const signal = (name: string, after: string[]) =>
  step(name, after, { kind: 'signal', runs: null, signalSchema: {} });
const graph = (...steps: StepManifest[]): WorkflowManifest => ({
  name: 'w',
  queue: 'q',
  payloadSchema: {},
  steps,
});
const sub = (name: string, runs: string) => step(name, [], { kind: 'workflow', runs });

const kept = graph(
  step('extract'),
  step('clean', ['extract']),
  step('score', ['extract'], { each: true }),
  step('publish', ['clean', 'score']),
);
const begun: Record<string, StepState> = {
  extract: 'done',
  clean: 'running',
  score: 'waiting',
  publish: 'waiting',
};

interface Case {
  what: string;
  kept?: WorkflowManifest;
  states?: Record<string, StepState>;
  next: WorkflowManifest | null;
  jobs?: string[];
  misfits: [step: string | null, reason: string][];
}

const cases: Case[] = [
  { what: 'the same graph', next: kept, misfits: [] },
  {
    what: 'a new step at the end and one in the middle',
    next: graph(...kept.steps, step('mail', ['publish']), step('audit', ['extract'])),
    misfits: [],
  },
  {
    what: 'other attempts, payload, when and onFailure',
    next: graph(
      step('extract'),
      step('clean', ['extract'], { attempts: 5, payload: true, when: true, onFailure: 'continue' }),
      ...kept.steps.slice(2),
    ),
    misfits: [],
  },
  { what: 'no workflow of that name', next: null, misfits: [[null, 'workflow w is not in the release']] },
  {
    what: 'a settled step that is gone, and nobody reads',
    next: graph(step('score', [], { each: true }), step('publish', ['score'])),
    misfits: [],
    jobs: ['clean', 'score', 'publish'],
  },
  {
    what: 'a step that is gone and still to come',
    next: graph(...kept.steps.slice(0, 3)),
    misfits: [['publish', 'it is not in the release any more, and runs that have begun still come to it']],
  },
  {
    what: 'a step that runs, gone from the graph, its job still there',
    next: graph(step('extract'), step('score', ['extract'], { each: true }), step('publish', ['score'])),
    misfits: [],
  },
  {
    what: 'a step that runs, and its job is gone',
    next: kept,
    jobs: ['extract', 'score', 'publish'],
    misfits: [['clean', 'it has begun, and job clean is not in the release']],
  },
  {
    what: 'another kind',
    next: graph(...kept.steps.slice(0, 3), signal('publish', ['clean'])),
    misfits: [['publish', 'it is a signal in the release, and was a job when the run began']],
  },
  {
    what: 'another job',
    next: graph(...kept.steps.slice(0, 3), step('publish', ['clean'], { runs: 'publish.v2' })),
    misfits: [],
  },
  {
    what: 'an each that is new',
    next: graph(...kept.steps.slice(0, 3), step('publish', ['clean'], { each: true })),
    misfits: [['publish', 'it has an each in the release, and had none when the run began']],
  },
  {
    what: 'an each that is gone, and a step that reads its array',
    next: graph(
      step('extract'),
      step('clean', ['extract']),
      step('score', ['extract']),
      step('publish', ['clean', 'score']),
    ),
    misfits: [
      ['score', 'it had an each when the run began, and has none in the release'],
      [
        'publish',
        'it reads the result of score, which had an each when the run began, and has none in the release',
      ],
    ],
  },
  {
    what: 'results of a step that the run does not have',
    next: graph(...kept.steps.slice(0, 3), step('audit'), step('publish', ['clean', 'audit'])),
    misfits: [['publish', 'in the release it comes after audit, which runs that have begun do not have']],
  },
  {
    what: 'results that are not there by then',
    next: graph(
      step('extract'),
      step('clean', ['extract']),
      step('score', ['clean'], { each: true }),
      step('publish', ['score']),
    ),
    misfits: [['score', 'in the release it comes after clean, which it did not wait for when the run began']],
  },
  {
    what: 'results from further up, which are there',
    next: graph(...kept.steps.slice(0, 3), step('publish', ['extract'])),
    misfits: [],
  },
  {
    what: 'the same, of steps that are expanded already',
    states: { ...begun, score: 'expanded' },
    next: graph(
      step('extract'),
      step('clean', ['extract']),
      step('score', ['clean']),
      step('publish', ['clean']),
    ),
    misfits: [],
  },
  {
    what: 'a signal that is waited for, whatever becomes of it',
    kept: graph(signal('go', [])),
    states: { go: 'running' },
    next: graph(step('other')),
    misfits: [],
  },
  {
    what: 'a sub-workflow that is gone',
    kept: graph(sub('inner', 'inner')),
    states: { inner: 'running' },
    next: graph(step('other')),
    misfits: [['inner', 'it has begun, and workflow inner is not in the release']],
  },
];

describe('a workflow run can go on with a release', () => {
  it.each(cases)(
    '$what',
    ({
      kept: own = kept,
      states = begun,
      next,
      jobs = ['extract', 'clean', 'score', 'publish'],
      misfits,
    }) => {
      const workflows = new Map(next ? [['w', next]] : []);
      const steps = Object.fromEntries(Object.entries(states).map(([name, state]) => [name, { state }]));
      expect(
        graphFit(own, steps, { jobs: new Set(jobs), workflows }).map(({ step, reason }) => [step, reason]),
      ).toEqual(misfits);
    },
  );

  it('knows all that comes before a step', () => {
    expect([...stepsBefore(kept, 'publish')].sort()).toEqual(['clean', 'extract', 'score']);
    expect([...stepsBefore(kept, 'extract')]).toEqual([]);
  });
});
