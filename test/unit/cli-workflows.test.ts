import { expect, test } from 'vitest';
import { releaseLines } from '../../src/cli/show/release.js';
import { runGraphLines } from '../../src/cli/show/run-graph.js';
import { createStyle } from '../../src/cli/show/style.js';
import { type ShownWorkflow, workflowLines, workflowsTable } from '../../src/cli/show/workflow.js';
import type { Release } from '../../src/model/release.js';
import type { RunStep } from '../../src/model/run.js';
import { sampleStep } from '../support/sample-workflows.js';

const plain = createStyle(false);
const wait = { kind: 'wait', runs: null } as const;
const nightly: ShownWorkflow = {
  name: 'nightly',
  app: 'flights',
  release: 'aaaaaaaaaaaa',
  queue: 'nights',
  payloadSchema: {},
  steps: [
    sampleStep('extract', { attempts: 3 }),
    sampleStep('score', { runs: 'flights.score', after: ['extract'], each: true, onFailure: 'continue' }),
    sampleStep('approve', {
      kind: 'signal',
      runs: null,
      after: ['extract'],
      timeoutMs: 3_600_000,
      signalSchema: {},
    }),
    sampleStep('night', { ...wait, after: ['approve'] }),
    sampleStep('pause', { ...wait, after: ['night'], waitMs: 600_000 }),
    sampleStep('publish', { kind: 'workflow', runs: 'publishing', after: ['score', 'pause'], when: true }),
  ],
};

test('a workflow is drawn with what each step is', () => {
  expect(workflowLines(nightly, plain)).toEqual([
    'nightly  6 steps',
    '',
    '  queue    nights (app flights)',
    '  release  aaaaaaaaaaaa',
    '',
    '  ○    extract  3 attempts',
    '  ├─╮',
    '  │ ○  score  job flights.score  each  may fail',
    '  ○ │  approve  signal within 1h00m',
    '  ○ │  night  wait until',
    '  ○ │  pause  wait 10m00s',
    '  ├─╯',
    '  ○    publish  workflow publishing  when',
  ]);
});

test('one that is too wide to be drawn names what each step comes after', () => {
  const many = Array.from({ length: 20 }, (_, n) => sampleStep(`s${n}`));
  const steps = [...many, sampleStep('end', { after: many.map(({ name }) => name) })];
  const lines = workflowLines({ ...nightly, steps }, plain);
  expect(lines.slice(5, 7)).toEqual(['  ○  s0', '  ○  s1']);
  expect(lines.at(-1)).toMatch(/^ {2}○ {2}end {2}after s0, s1, .*, s19$/);
});

test('lists name steps, and a release its workflows', () => {
  expect(workflowsTable([nightly], plain)).toMatch(/^nightly +flights +nights +6 +aaaaaaaaaaaa$/m);
  expect(workflowsTable([], plain)).toContain('export one made by defineWorkflow');
  const release: Release = {
    id: 'aaaaaaaaaaaa',
    app: 'flights',
    digest: '',
    createdAt: new Date(0).toISOString(),
    bytes: 0,
    jobs: [],
    workflows: [nightly],
    schedules: [],
    entry: '',
    files: [],
  };
  expect(releaseLines(release, 0, plain).at(-1)).toMatch(
    /^nightly +nights +extract, score, approve, night, pause, publish$/m,
  );
  expect(releaseLines({ ...release, workflows: [] }, 0, plain).join()).not.toContain('WORKFLOW');
});

test('a step of a workflow run that failed, also one that may, names its run', () => {
  const step = {
    ...sampleStep('load'),
    onFailure: 'continue',
    state: 'failed',
    ids: ['run-1@load'],
  } as RunStep;
  const plain = createStyle(false);
  expect(runGraphLines([step], 0, plain).join('\n')).toContain('may fail  failed, run run-1@load');
  const unasked = { ...step, ids: [] };
  expect(runGraphLines([unasked], 0, plain).join('\n')).toMatch(/may fail {2}failed$/);
});
