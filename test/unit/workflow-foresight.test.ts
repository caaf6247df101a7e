import { expect, test, vi } from 'vitest';
import type { StepManifest, StepQuestion } from '../../src/model/workflow.js';
import { Foresight } from '../../src/workflow/foresight.js';
import type { RunningRelease } from '../../src/workflow/running-release.js';
import type { Seen } from '../../src/workflow/seen.js';
import { sampleStep } from '../support/sample-workflows.js';

const RUN = { queue: 'q', jobId: 'run-1' };
const PART = { ...RUN, step: 'a', index: null };
const ANSWER = { verdict: 'run' as const, payloads: ['1'] };
const after = (...names: string[]) => ({ after: names });

function releaseOf(steps: StepManifest[]) {
  const evaluate = vi.fn<RunningRelease['evaluate']>(async () => ANSWER);
  const workflow = { name: 'w', queue: 'q', payloadSchema: {}, steps };
  return { jobs: new Map(), workflows: new Map([['w', workflow]]), evaluate };
}

function setUp(steps: StepManifest[] = [sampleStep('a'), sampleStep('b', after('a'))], data = '{"day":1}') {
  const foresight = new Foresight();
  const release = releaseOf(steps);
  foresight.saw(RUN, { graph: { name: 'w', steps }, asked: { data, opts: '' } } as Seen);
  return { foresight, release };
}

const question = (change: Partial<StepQuestion> = {}): StepQuestion => ({
  workflow: 'w',
  step: 'b',
  runId: 'run-1',
  scheduledFor: null,
  payload: '{"day":1}',
  results: { a: '7' },
  ...change,
});

test('a step that waits for a run alone is asked about with its end, and once', async () => {
  const { foresight, release } = setUp();
  foresight.ends(release, PART, '7');
  expect(release.evaluate.mock.calls).toEqual([[question()]]);
  expect(await foresight.ask(release, question())).toBe(ANSWER);
  expect(release.evaluate).toHaveBeenCalledTimes(1);
});

test('an answer is taken once: whoever asks again has the code asked again', async () => {
  const { foresight, release } = setUp();
  foresight.ends(release, PART, '7');
  for (let i = 0; i < 2; i++) await foresight.ask(release, question());
  expect(release.evaluate).toHaveBeenCalledTimes(2);
});

test.each([
  ['another result', question({ results: { a: '8' } })],
  ['another payload', question({ payload: '{"day":2}' })],
  ['another run', question({ runId: 'run-2' })],
])('%s is another question', async (_, asked) => {
  const { foresight, release } = setUp();
  foresight.ends(release, PART, '7');
  await foresight.ask(release, asked);
  expect(release.evaluate).toHaveBeenLastCalledWith(asked);
});

test('another release is asked itself', async () => {
  const { foresight, release } = setUp();
  const next = releaseOf(release.workflows.get('w')!.steps);
  foresight.ends(release, PART, '7');
  await foresight.ask(next, question());
  expect(next.evaluate).toHaveBeenCalledTimes(1);
});

test('what could not be asked then is not answered, and nobody hears of it before', async () => {
  const { foresight, release } = setUp();
  release.evaluate.mockRejectedValueOnce(new Error('no worker'));
  foresight.ends(release, PART, '7');
  await new Promise(resolve => setImmediate(resolve));
  await expect(foresight.ask(release, question())).rejects.toThrow('no worker');
  expect(await foresight.ask(release, question())).toBe(ANSWER);
});

test.each([
  ['that waits for another run too', [sampleStep('a'), sampleStep('c'), sampleStep('b', after('a', 'c'))]],
  [
    'that only waits for a time',
    [sampleStep('a'), sampleStep('b', { ...after('a'), kind: 'wait', waitMs: 5 })],
  ],
  ['that is one of many', [sampleStep('a'), ...'bcdef'.split('').map(name => sampleStep(name, after('a')))]],
])('a step %s is not asked about', (_, steps) => {
  const { foresight, release } = setUp(steps);
  foresight.ends(release, PART, '7');
  expect(release.evaluate).not.toHaveBeenCalled();
});

test('nothing is asked of a run that was not seen, of one of many elements, nor with much to tell', () => {
  const { foresight, release } = setUp();
  foresight.ends(release, { ...PART, jobId: 'run-2' }, '7');
  foresight.ends(release, { ...PART, index: 0 }, '7');
  foresight.ends(release, PART, JSON.stringify('x'.repeat(20_000)));
  expect(release.evaluate).not.toHaveBeenCalled();
});

test('nor where the release cannot begin the step', () => {
  const { foresight } = setUp();
  const other = releaseOf([sampleStep('a')]);
  foresight.ends(other, PART, '7');
  expect(other.evaluate).not.toHaveBeenCalled();
});
