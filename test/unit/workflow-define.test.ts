import { defineJob, defineWorkflow, type SlackwaterError } from 'slackwater';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { describeSchedule, describeWorkflow } from '../../src/author/describe.js';
import { collectDefinitions } from '../../src/author/registry.js';
import { isWorkflow } from '../../src/author/workflow.js';
import { workflowManifestSchema } from '../../src/model/workflow.js';

const run = async () => null;
const job = (name: string) => defineJob({ name, run });
const [extract, clean, score, publish] = ['extract', 'clean', 'score', 'publish'].map(job) as [
  ReturnType<typeof job>,
  ReturnType<typeof job>,
  ReturnType<typeof job>,
  ReturnType<typeof job>,
];
const each = () => [1];
// biome-ignore lint/suspicious/noExplicitAny: what JavaScript lets through.
const any = (workflow: object): any => workflow;
const base = any(defineWorkflow({ name: 'nightly' }).step('extract', extract));

function refusal(define: () => unknown): { message: string; pointers: string[] } {
  try {
    define();
  } catch (error) {
    const { code, message, errors } = error as SlackwaterError;
    expect(code).toBe('bad-definition');
    return { message, pointers: errors.map(({ pointer }) => pointer) };
  }
  throw new Error('nothing was refused');
}

describe('defineWorkflow', () => {
  const nightly = defineWorkflow({
    name: 'nightly',
    queue: 'reports',
    payload: z.object({ day: z.string() }),
    schedule: { cron: '30 2 * * *', payload: { day: 'today' } },
  })
    .step('extract', extract, { attempts: 3, backoff: { type: 'fixed', delay: '5s' }, timeout: '2h' })
    .step('clean', clean, { after: ['extract'], payload: () => 1, when: () => true, onFailure: 'continue' })
    .step('score', score, { after: ['extract'], each })
    .signal('approve', {
      after: ['clean'],
      payload: z.object({ by: z.string() }),
      timeout: '1d',
      onTimeout: 'continue',
    })
    .wait('pause', { after: ['approve'], for: '10m' })
    .wait('night', { after: ['approve'], until: () => 0 })
    .step('publish', publish, { after: ['score', 'pause', 'night'] });

  it('gives a graph with durations in milliseconds, as the manifest tells it', () => {
    const manifest = describeWorkflow(nightly);
    expect(workflowManifestSchema.parse(manifest)).toEqual(manifest);
    expect(manifest).toMatchObject({
      name: 'nightly',
      queue: 'reports',
      payloadSchema: { required: ['day'] },
    });
    const plain = {
      kind: 'job',
      each: false,
      when: false,
      payload: false,
      onFailure: 'stop',
      timeoutMs: null,
    };
    expect(manifest.steps).toMatchObject([
      {
        ...plain,
        name: 'extract',
        runs: 'extract',
        after: [],
        attempts: 3,
        backoff: { type: 'fixed', delayMs: 5_000 },
        timeoutMs: 7_200_000,
      },
      {
        ...plain,
        name: 'clean',
        after: ['extract'],
        when: true,
        payload: true,
        onFailure: 'continue',
        attempts: null,
      },
      { ...plain, name: 'score', each: true },
      {
        ...plain,
        name: 'approve',
        kind: 'signal',
        runs: null,
        onFailure: 'continue',
        timeoutMs: 86_400_000,
        signalSchema: { required: ['by'] },
      },
      { ...plain, name: 'pause', kind: 'wait', waitMs: 600_000 },
      { ...plain, name: 'night', kind: 'wait', waitMs: null },
      { ...plain, name: 'publish', after: ['score', 'pause', 'night'], signalSchema: null },
    ]);
    expect(describeSchedule(nightly)).toMatchObject([
      { job: 'nightly', cron: '30 2 * * *', missed: 'latest' },
    ]);
  });

  it('gives a new workflow with every step, and leaves the one before as it was', () => {
    const first = defineWorkflow({ name: 'a' }).step('one', extract);
    const second = first.step('two', clean, { after: ['one'] });
    expect([first, second].map(({ steps }) => steps.map(({ name }) => name))).toEqual([
      ['one'],
      ['one', 'two'],
    ]);
    expect(isWorkflow(first) && isWorkflow(second)).toBe(true);
    expect(() => any(second).steps.push({})).not.toThrow();
    expect(first.steps.length).toBe(1);
  });

  it.each([
    ['no name', () => any(defineWorkflow)({}), ['/name'], 'name is missing'],
    ['no options', () => any(defineWorkflow)(), [''], 'takes one object'],
    [
      'steps among the options',
      () => any(defineWorkflow)({ name: 'a', steps: [] }),
      ['/steps', '/steps'],
      '.step("name", job',
    ],
    [
      'a payload that is no schema',
      () => any(defineWorkflow)({ name: 'a', payload: {} }),
      ['/payload'],
      'zod 4 schema',
    ],
    [
      'a schedule without a cron',
      () => any(defineWorkflow)({ name: 'a', schedule: {} }),
      ['/schedule'],
      'cron',
    ],
    [
      'a step that is not there',
      () => base.step('b', clean, { after: ['extarct'] }),
      ['/steps/b/after/0'],
      'after names "extarct", and no step of that name comes before it: did you mean extract?',
    ],
    [
      'a step nothing like others',
      () => base.step('b', clean, { after: ['qqqqqqqqqq'] }),
      ['/steps/b/after/0'],
      'there are "extract"',
    ],
    [
      'a step that waits for itself',
      () => base.step('b', clean, { after: ['b'] }),
      ['/steps/b/after/0'],
      'the step itself',
    ],
    [
      'a step named twice in after',
      () => base.step('b', clean, { after: ['extract', 'extract'] }),
      ['/steps/b/after/1'],
      'twice',
    ],
    ['after as a text', () => base.step('b', clean, { after: 'extract' }), ['/steps/b/after'], '["extract"]'],
    [
      'a doubled name',
      () => base.step('extract', clean),
      ['/steps/extract/name'],
      'there is a step "extract" already',
    ],
    ['a bad name', () => base.step('a b', clean), ['/steps/a b/name'], 'must start with'],
    ['no job', () => base.step('b', 'clean'), ['/steps/b/job'], 'made by defineJob'],
    [
      'a bad duration',
      () => base.step('b', clean, { timeout: 'soon' }),
      ['/steps/b/timeout'],
      '"soon" is not a duration',
    ],
    [
      'a timeout of nothing',
      () => base.step('b', clean, { timeout: 0 }),
      ['/steps/b/timeout'],
      'longer than 0',
    ],
    [
      'a function that is none',
      () => base.step('b', clean, { each: [1] }),
      ['/steps/b/each'],
      'must be a function',
    ],
    [
      'many faults',
      () => base.step('b', clean, { attempts: 0, onFailure: 'no', retry: 1 }),
      ['/steps/b/retry', '/steps/b/onFailure', '/steps/b/attempts'],
      '"stop" or "continue"',
    ],
    [
      'attempts of a workflow',
      () => defineWorkflow({ name: 'all' }).step('b', base, { attempts: 2 }),
      ['/steps/b/attempts'],
      'steps of workflow "nightly"',
    ],
    ['a workflow in itself', () => base.step('b', base), ['/steps/b/job'], 'would never end'],
    [
      'an empty workflow',
      () => base.step('b', defineWorkflow({ name: 'empty' })),
      ['/steps/b/job'],
      'has no step',
    ],
    [
      'onTimeout without a timeout',
      () => base.signal('b', { onTimeout: 'continue' }),
      ['/steps/b/timeout'],
      'timeout: "24h"',
    ],
    ['a wait for nothing', () => base.wait('b', {}), ['/steps/b/for'], 'either for: "10m" or until'],
    ['a wait for two things', () => base.wait('b', { for: '1s', until: each }), ['/steps/b/for'], 'either'],
    ['a wait without options', () => base.wait('b'), ['/steps/b'], 'must be an object'],
  ])('refuses %s', (_what, define, pointers, message) => {
    const refused = refusal(define as () => unknown);
    expect(refused.pointers).toEqual(pointers);
    expect(refused.message).toContain(message);
  });

  it('takes 200 steps', () => {
    let workflow = any(defineWorkflow({ name: 'long' }));
    for (let n = 0; n < 200; n++) workflow = workflow.step(`s${n}`, extract);
    expect(refusal(() => workflow.step('more', extract)).message).toContain('at most 200 steps');
  });
});

describe('the workflows of a release', () => {
  it('come with the jobs and workflows that they run, exported or not', () => {
    const inner = defineWorkflow({ name: 'inner' }).step('score', score);
    const outer = defineWorkflow({ name: 'outer' }).step('inner', inner).step('clean', clean);
    const { jobs, workflows } = collectDefinitions({ 'a.ts': { outer }, 'b.ts': { clean, publish } });
    expect([...jobs.keys()].sort()).toEqual(['clean', 'publish', 'score']);
    expect([...workflows.keys()].sort()).toEqual(['inner', 'outer']);
  });

  it('share no name with another, or with a job', () => {
    const twin = defineWorkflow({ name: 'nightly' }).step('a', extract);
    expect(() => collectDefinitions({ 'a.ts': { base }, 'b.ts': { twin } })).toThrow(
      'workflow "nightly" is defined in a.ts and in b.ts: give one of them another name',
    );
    expect(() => collectDefinitions({ 'a.ts': { base }, 'b.ts': { job: job('nightly') } })).toThrow(
      'job or workflow "nightly" is defined in a.ts and in b.ts',
    );
    const other = defineWorkflow({ name: 'b' }).step('a', job('extract'));
    expect(() => collectDefinitions({ 'a.ts': { extract, other } })).toThrow(
      'job "extract" is defined in a.ts and in step "a" of workflow "b"',
    );
  });

  it('have steps', () => {
    expect(() => collectDefinitions({ 'a.ts': { a: defineWorkflow({ name: 'a' }) } })).toThrow(
      'workflow "a" (in a.ts) has no step: add .step("name", job)',
    );
  });
});
