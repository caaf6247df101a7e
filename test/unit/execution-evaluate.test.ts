import { defineJob, defineWorkflow } from 'slackwater';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { WorkflowDefinition } from '../../src/author/workflow.js';
import { evaluate } from '../../src/execution/evaluate.js';
import type { StepQuestion } from '../../src/model/workflow.js';

const run = async () => null;
const part = defineJob({
  name: 'part',
  payload: z.object({ part: z.int(), more: z.string().optional() }),
  run,
});
const anything = defineJob({ name: 'anything', run });
// biome-ignore lint/suspicious/noExplicitAny: steps of every kind, right and wrong.
type Options = any;

const workflow = (options: Options, target: object = anything) =>
  (
    defineWorkflow({
      name: 'w',
      payload: z.object({ day: z.string(), tries: z.int().default(2) }),
    }) as Options
  )
    .step('list', anything)
    .signal('go', { payload: z.object({ by: z.string().default('nobody') }) })
    .wait('pause', { for: '1s' })
    .step('s', target, { after: ['list', 'go', 'pause'], ...options });

const ask = (definition: WorkflowDefinition, question: Partial<StepQuestion> = {}) =>
  evaluate(new Map([['w', definition]]), {
    workflow: 'w',
    step: 's',
    runId: 'run-1',
    scheduledFor: null,
    payload: '{"day":"monday"}',
    results: { list: '[3,4]', go: '{}' },
    ...question,
  });
const failure = (answer: ReturnType<typeof ask>) =>
  answer.verdict === 'failed' ? answer.error.message : answer;

describe('what the code of a release says about a step', () => {
  it('gives its functions payload, results, instant and run', () => {
    const seen: unknown[] = [];
    const payload = (args: unknown) => seen.push(args);
    expect(ask(workflow({ payload }), { scheduledFor: '2026-01-01T00:00:00.000Z' })).toEqual({
      verdict: 'run',
      payloads: ['1'],
    });
    const payloadGiven = { day: 'monday', tries: 2 };
    expect(seen).toEqual([
      {
        payload: payloadGiven,
        results: { list: [3, 4], go: { by: 'nobody' }, pause: undefined },
        runId: 'run-1',
        scheduledFor: '2026-01-01T00:00:00.000Z',
      },
    ]);
  });

  it('passes the payload of the workflow on where the step has none', () => {
    expect(ask(workflow({}))).toEqual({ verdict: 'run', payloads: ['{"day":"monday","tries":2}'] });
  });

  it('makes a payload of each element', () => {
    const each = ({ results }: Options) => results.list.map((n: number) => ({ part: n }));
    expect(ask(workflow({ each }, part))).toEqual({ verdict: 'run', payloads: ['{"part":3}', '{"part":4}'] });
    const payload = ({ item, index, payload: { day } }: Options) => ({
      part: index,
      more: `${day}${item.part}`,
    });
    expect(ask(workflow({ each, payload }, part))).toEqual({
      verdict: 'run',
      payloads: ['{"part":0,"more":"monday3"}', '{"part":1,"more":"monday4"}'],
    });
    expect(ask(workflow({ each: () => [] }))).toEqual({ verdict: 'run', payloads: [] });
  });

  it('shows what was skipped or has failed as undefined', () => {
    const each = ({ results }: Options) => [results];
    const answer = ask(
      workflow({
        each,
        payload: ({ item }: Options) => [
          item.list.map((r: unknown) => r === undefined),
          'go' in item,
          item.go === undefined,
        ],
      }),
      {
        results: { list: ['1', null], go: null },
      },
    );
    expect(answer).toEqual({ verdict: 'run', payloads: ['[[false,true],true,true]'] });
  });

  it('asks when first', () => {
    const never = () => {
      throw new Error('asked');
    };
    expect(ask(workflow({ when: () => false, payload: never }))).toEqual({ verdict: 'skip' });
    expect(ask(workflow({ when: ({ results }: Options) => results.list.length === 2 })).verdict).toBe('run');
  });

  it('answers for signals and waits', () => {
    const steps = (workflow({}) as Options)
      .signal('sign', { when: ({ payload }: Options) => payload.day === 'monday' })
      .wait('short', { for: '1s' })
      .wait('date', { until: () => new Date(5) })
      .wait('iso', { until: () => '1970-01-01T00:00:00.007Z' })
      .wait('ms', { until: () => 9.4 })
      .wait('never', { until: () => Number.MAX_SAFE_INTEGER })
      .wait('nonsense', { until: () => 'tomorrow' });
    expect(['sign', 'short', 'date', 'iso', 'ms'].map(step => ask(steps, { step }))).toEqual([
      { verdict: 'fits' },
      { verdict: 'fits' },
      { verdict: 'wait', until: 5 },
      { verdict: 'wait', until: 7 },
      { verdict: 'wait', until: 9 },
    ]);
    expect(ask(steps, { step: 'sign', payload: '{"day":"sunday"}' })).toEqual({ verdict: 'skip' });
    expect(failure(ask(steps, { step: 'nonsense' }))).toContain(
      'until must give an instant (a Date, ISO 8601, or ms since the epoch), not "tomorrow"',
    );
    expect(failure(ask(steps, { step: 'never' }))).toMatch(/must give an instant .*, not 9007199254740991$/);
  });

  it('says whether the payload of the workflow fits', () => {
    expect(ask(workflow({}), { step: null })).toEqual({ verdict: 'fits' });
    expect(failure(ask(workflow({}), { step: null, payload: '{"day":1}' }))).toMatch(
      /^the payload does not fit workflow "w": \/day: .*string/,
    );
    expect(failure(ask(workflow({}), { step: null, payload: '{' }))).toContain('is not JSON');
  });

  it.each([
    ['no array', { each: () => new Set([1]) }, 'each must give an array, not a object'],
    ['nothing', { each: () => undefined }, 'each must give an array, not undefined'],
    [
      'too many elements',
      { each: () => Array(100_001).fill(1) },
      'each gave 100001 elements, and there may be 100000',
    ],
    ['a promise', { each: async () => [1] }, 'each: it gave a promise: what takes time belongs in a job'],
    ['a promise for when', { when: async () => false }, 'when: it gave a promise'],
    [
      'what JSON would lose',
      { payload: () => ({ a: new Map() }) },
      'the payload cannot be kept as JSON: "a" is a Map. Give plain objects',
    ],
    [
      'an element that does not fit',
      { each: () => [{ part: 1 }, { part: 'x' }] },
      'the payload of element 1 does not fit job "part": /part: ',
    ],
  ])('fails over %s', (_what, options, message) => {
    expect(failure(ask(workflow(options, part)))).toContain(message);
  });

  it('keeps name and stack of what the function threw, and names it', () => {
    const each = () => {
      throw new RangeError('no parts');
    };
    const answer = ask(workflow({ each }));
    expect(answer).toMatchObject({
      verdict: 'failed',
      error: {
        name: 'RangeError',
        message: 'each: no parts',
        stack: expect.stringContaining('execution-evaluate.test'),
      },
    });
  });

  it('checks the payload of a sub-workflow by its schema', () => {
    const inner = defineWorkflow({ name: 'inner', payload: z.object({ n: z.int() }) }).step('a', anything);
    expect(failure(ask(workflow({ payload: () => ({ n: 'x' }) }, inner)))).toContain(
      'does not fit workflow "inner"',
    );
    expect(ask(workflow({ payload: () => ({ n: 1 }) }, inner))).toEqual({
      verdict: 'run',
      payloads: ['{"n":1}'],
    });
  });

  it('says what is not in the release', () => {
    expect(failure(ask(workflow({}), { workflow: 'other' }))).toBe(
      'workflow "other" is not in this release: deploy one that has it, then retry the run',
    );
    expect(failure(ask(workflow({}), { step: 'gone' }))).toBe(
      'step "gone" is not in this release: deploy one that has it, then retry the run',
    );
  });
});
