import { expect, test } from 'vitest';
import type { StepQuestion } from '../../src/model/workflow.js';
import { pagesOf } from '../../src/platform/pages.js';
import { Questions } from '../../src/worker/questions.js';

const question = (results: StepQuestion['results']): StepQuestion => ({
  workflow: 'w',
  step: 's',
  runId: 'r',
  scheduledFor: null,
  payload: '{}',
  results,
});

test('texts go in pages of about so many characters, each at least one, in order', () => {
  expect(pagesOf(['aaa', 'b', null, 'cc', 'dddddddddd', 'e'], 5)).toEqual([
    ['aaa', 'b'],
    [null, 'cc', 'dddddddddd'],
    ['e'],
  ]);
  expect(pagesOf([], 5)).toEqual([]);
});

test('a question that came in pages is the one that was asked', () => {
  const questions = new Questions();
  questions.add({ t: 'results', seq: 1, step: 'many', results: ['1', null] });
  questions.add({ t: 'results', seq: 2, step: 'many', results: ['other'] });
  questions.add({ t: 'results', seq: 1, step: 'many', results: ['3'] });
  const whole = questions.whole({ t: 'evaluate', seq: 1, question: question({ many: [], one: '5' }) });
  expect(whole.results).toEqual({ many: ['1', null, '3'], one: '5' });
  const plain = question({ one: '5' });
  expect(questions.whole({ t: 'evaluate', seq: 3, question: plain })).toBe(plain);
});
