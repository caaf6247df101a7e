import { defineJob, type SlackwaterError } from 'slackwater';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { describeJob, describeSchedule } from '../../src/author/describe.js';
import { isJob } from '../../src/author/job.js';
import { collectDefinitions } from '../../src/author/registry.js';
import { jobManifestSchema, nameSchema } from '../../src/model/release.js';

const run = async () => null;
const schema = z.object({ n: z.int() });
// biome-ignore lint/suspicious/noExplicitAny: what JavaScript lets through.
const define = (options: any) => defineJob(options);
const faultOf = (act: () => unknown): SlackwaterError => {
  try {
    act();
  } catch (error) {
    return error as SlackwaterError;
  }
  throw new Error('it was taken');
};

describe('defineJob', () => {
  it('fills in defaults and turns durations into milliseconds', () => {
    const job = defineJob({ name: 'a', run, timeout: '2h', checkpoint: { version: 1, schema } });
    expect(job).toMatchObject({
      name: 'a',
      queue: 'default',
      payload: null,
      attempts: 1,
      backoff: { type: 'exponential', delayMs: 1_000 },
      timeoutMs: 7_200_000,
      concurrency: null,
      checkpoint: { version: 1, everyMs: 250, onRollback: 'repeat', upgrade: {}, downgrade: {} },
    });
    expect(isJob(job)).toBe(true);
  });

  it('accepts the whole example of the contracts', () => {
    const job = defineJob({
      name: 'flights.delays',
      queue: 'reports',
      payload: z.object({ file: z.string() }),
      checkpoint: {
        version: 2,
        schema: z.object({ line: z.int(), minutes: z.record(z.string(), z.number()) }),
        upgrade: { 1: old => ({ line: old.offset, minutes: old.minutes }) },
        downgrade: { 2: now => ({ offset: now.line, minutes: now.minutes }) },
        every: '250ms',
        onRollback: 'park',
      },
      attempts: 3,
      backoff: { type: 'fixed', delay: '5s' },
      timeout: '2h',
      concurrency: 4,
      schedule: {
        cron: '30 2 * * *',
        timezone: 'Europe/Berlin',
        missed: 'latest',
        overlap: 'skip',
        payload: { file: 'flights.parquet' },
      },
      run,
    });
    expect(describeSchedule(job)).toEqual([
      {
        job: 'flights.delays',
        cron: '30 2 * * *',
        timezone: 'Europe/Berlin',
        missed: 'latest',
        overlap: 'skip',
        payload: { file: 'flights.parquet' },
      },
    ]);
    expect(describeJob(job)).toMatchObject({
      reads: [1, 2],
      writes: [1, 2],
      onRollback: 'park',
      concurrency: 4,
    });
  });

  it('refuses a schedule that cannot be understood', () => {
    expect(() => define({ name: 'a', run, schedule: { cron: 5 } })).toThrow(/schedule must be/);
    expect(() => define({ name: 'a', run, schedule: { cron: '* * * * *', missed: 'never' } })).toThrow(
      /"latest", "all" or "skip"/,
    );
    const described = (schedule: object) => () =>
      describeSchedule(define({ name: 'a', run, payload: z.object({ day: z.int() }), schedule }));
    expect(described({ cron: '61 * * * *', payload: { day: 1 } })).toThrow(
      /^job "a": schedule\.cron: "61 \* \* \* \*" is no cron pattern/,
    );
    expect(described({ cron: '* * * * *', timezone: 'Mars/Base', payload: { day: 1 } })).toThrow(/Mars/);
    expect(described({ cron: '* * * * *' })).toThrow(/^job "a": schedule\.payload\.day: .*does not fit/);
    expect(described({ cron: '* * * * *', payload: { day: 1, at: new Date() } })).toThrow(/must be JSON/);
  });

  it('keeps of a schedule only what its author says', () => {
    const [least] = describeSchedule(define({ name: 'a', run, schedule: { cron: '0 2 * * *' } }));
    const defaults = { missed: 'latest', overlap: 'skip', payload: {}, timezone: 'UTC' };
    expect(least).toEqual({ job: 'a', cron: '0 2 * * *', ...defaults });
    const all = {
      jitter: '2m',
      startsAt: '2030-01-01T00:00:00+01:00',
      endsAt: '2031-01-01T00:00:00Z',
      except: ['12-25', '2030-02-28'],
      maxMissed: 3,
      maxAge: '1d',
    };
    expect(describeSchedule(define({ name: 'a', run, schedule: { cron: '0 2 * * *', ...all } }))).toEqual([
      {
        ...least,
        jitterMs: 120_000,
        startsAt: '2029-12-31T23:00:00.000Z',
        endsAt: '2031-01-01T00:00:00.000Z',
        except: ['12-25', '2030-02-28'],
        maxMissed: 3,
        maxAgeMs: 86_400_000,
      },
    ]);
  });

  it.each([
    [{ jitter: 'soon' }, '/schedule/jitter', 'is not a duration'],
    [{ jitter: '25h' }, '/schedule/jitter', 'at most one day'],
    [{ startsAt: '2030-01-01' }, '/schedule/startsAt', 'no time with a zone'],
    [{ startsAt: '2030-01-01T00:00' }, '/schedule/startsAt', 'no time with a zone'],
    [{ endsAt: '2030-13-01T00:00:00Z' }, '/schedule/endsAt', 'no time with a zone'],
    [{ startsAt: '2030-01-02T00:00:00Z', endsAt: '2030-01-01T00:00:00Z' }, '/schedule/endsAt', 'later than'],
    [{ except: '12-25' }, '/schedule/except', 'must be a list'],
    [{ except: ['12-25', '02-30'] }, '/schedule/except/1', '"02-30" is no day'],
    [{ except: ['2030-02-29'] }, '/schedule/except/0', 'is no day'],
    [{ maxMissed: 0 }, '/schedule/maxMissed', 'whole number from 1'],
    [{ maxMissed: 1_001 }, '/schedule/maxMissed', 'at most 1000'],
    [{ maxAge: 0 }, '/schedule/maxAge', 'longer than 0'],
    [{ miss: 'all' }, '/schedule/miss', 'is not an option'],
  ])('refuses a schedule with %o', (options, pointer, detail) => {
    const fault = faultOf(() => define({ name: 'a', run, schedule: { cron: '0 2 * * *', ...options } }));
    expect(fault.errors).toEqual([{ pointer, detail: expect.stringContaining(detail) }]);
  });

  it('lets run use `this`, as a method of the options', async () => {
    const job = define({
      name: 'a',
      run() {
        return (this as { name: string }).name;
      },
    });
    expect(await job.run({} as never, null)).toBe('a');
  });

  it.each([
    ['no options', undefined, 'takes one object'],
    ['no name', { run }, 'name is missing'],
    ['a bad name', { name: 'a b', run }, 'name "a b" must start with'],
    ['a bad queue', { name: 'a', queue: ':', run }, 'queue ":" must start with'],
    ['no run', { name: 'a' }, 'run must be a function'],
    ['a run that is no function', { name: 'a', run: 1 }, 'run must be a function'],
    ['an unknown option', { name: 'a', run, atempts: 3 }, 'atempts is not an option: there are name'],
    ['attempts 0', { name: 'a', run, attempts: 0 }, 'attempts must be a whole number from 1'],
    ['attempts 1.5', { name: 'a', run, attempts: 1.5 }, 'attempts must be a whole number'],
    ['concurrency 0', { name: 'a', run, concurrency: 0 }, 'concurrency must be'],
    [
      'a timeout that is no duration',
      { name: 'a', run, timeout: 'soon' },
      'timeout "soon" is not a duration',
    ],
    ['a timeout of another type', { name: 'a', run, timeout: null }, 'timeout null is not a duration'],
    ['no time at all', { name: 'a', run, timeout: 0 }, 'longer than 0'],
    ['a backoff without type', { name: 'a', run, backoff: { delay: '1s' } }, 'backoff must be'],
    ['a backoff without delay', { name: 'a', run, backoff: { type: 'fixed' } }, 'backoff.delay'],
    [
      'a payload that is no schema',
      { name: 'a', run, payload: { file: 'string' } },
      'payload must be a zod 4 schema',
    ],
    ['a schema of zod 3', { name: 'a', run, payload: { _def: {}, safeParse() {} } }, 'update to zod 4'],
    ['a checkpoint that is none', { name: 'a', run, checkpoint: 1 }, 'checkpoint must be an object'],
    [
      'a checkpoint without schema',
      { name: 'a', run, checkpoint: { version: 1 } },
      'checkpoint.schema must be',
    ],
    ['version 0', { name: 'a', run, checkpoint: { version: 0, schema } }, 'checkpoint.version must be'],
    [
      'an option of checkpoint misspelt',
      { name: 'a', run, checkpoint: { version: 1, schema, upgrades: {} } },
      'checkpoint.upgrades is not an option',
    ],
    [
      'onRollback of another kind',
      { name: 'a', run, checkpoint: { version: 1, schema, onRollback: 'x' } },
      '"repeat" or "park"',
    ],
    [
      'version 2 without upgrade',
      { name: 'a', run, checkpoint: { version: 2, schema } },
      'there is no upgrade from 1',
    ],
    [
      'version 3 with a gap',
      { name: 'a', run, checkpoint: { version: 3, schema, upgrade: { 1: run } } },
      'there is no upgrade from 2',
    ],
    [
      'an upgrade beyond the version',
      { name: 'a', run, checkpoint: { version: 1, schema, upgrade: { 1: run } } },
      'beyond version 1',
    ],
    [
      'an upgrade that is no function',
      { name: 'a', run, checkpoint: { version: 2, schema, upgrade: { 1: {} } } },
      'upgrade[1] must be a function',
    ],
    [
      'a key that is no version',
      { name: 'a', run, checkpoint: { version: 2, schema, upgrade: { one: run } } },
      'the key "one"',
    ],
    [
      'a downgrade beyond the version',
      { name: 'a', run, checkpoint: { version: 1, schema, downgrade: { 2: run } } },
      'downgrade has 2',
    ],
    [
      'a downgrade with a gap',
      { name: 'a', run, checkpoint: { version: 3, schema, upgrade: { 2: run }, downgrade: { 2: run } } },
      'no way from 3 to 2',
    ],
  ])('refuses %s and says what to change', (_, options, message) => {
    expect(() => define(options)).toThrow(expect.objectContaining({ code: 'bad-definition' }));
    expect(() => define(options)).toThrow(message);
  });

  it('tells all faults at once, each with its pointer', () => {
    try {
      define({ name: '', checkpoint: { version: 1, every: 'x' } });
      expect.unreachable();
    } catch (error) {
      const pointers = (error as SlackwaterError).errors.map(({ pointer }) => pointer);
      expect(pointers).toEqual(['/name', '/checkpoint/schema', '/checkpoint/every', '/run']);
    }
  });

  it('takes the names that the model takes, and no others', () => {
    for (const name of [
      'a',
      'A.b_c-1',
      '1',
      'x'.repeat(100),
      '',
      '.a',
      '-a',
      'a b',
      'a:b',
      'ä',
      'x'.repeat(101),
    ]) {
      const accepted = nameSchema.safeParse(name).success;
      if (accepted) expect(() => define({ name, run })).not.toThrow();
      else expect(() => define({ name, run })).toThrow('name');
    }
  });

  it('may begin its versions anywhere, as old ones die out', () => {
    const upgrade = { 3: (old: unknown) => old, 4: () => ({ n: 1 }) };
    const job = defineJob({ name: 'a', run, checkpoint: { version: 5, schema, upgrade } });
    expect(describeJob(job).reads).toEqual([3, 4, 5]);
    expect(describeJob(job).writes).toEqual([5]);
  });
});

const collectJobs = (modules: Record<string, Record<string, unknown>>) => collectDefinitions(modules).jobs;

describe('the jobs of a release', () => {
  const a = defineJob({ name: 'a', run });
  const b = defineJob({ name: 'b', run });

  it('finds jobs exported by default and by name, once each', () => {
    const jobs = collectJobs({
      'x.ts': { default: a, alias: a, helper: () => 1, nothing: null },
      'y.ts': { b, again: a },
    });
    expect([...jobs.keys()]).toEqual(['a', 'b']);
  });

  it('recognises jobs that another copy of the library defined', () => {
    const foreign = { [Symbol.for('slackwater.job')]: 1, name: 'foreign' };
    expect(collectJobs({ 'x.ts': { foreign } }).has('foreign')).toBe(true);
  });

  it('refuses two jobs of one name and names both modules', () => {
    const twin = defineJob({ name: 'a', run });
    expect(() => collectJobs({ 'x.ts': { a }, 'y.ts': { twin } })).toThrow(
      'job "a" is defined in x.ts and in y.ts',
    );
    expect(() => collectJobs({ 'x.ts': { a, twin } })).toThrow('twice in x.ts');
  });

  it('refuses a release without a job', () => {
    expect(() => collectJobs({ 'x.ts': { a: 1 } })).toThrow('no job found (none is exported by x.ts)');
    expect(() => collectJobs({})).toThrow('no job found');
  });
});

describe('describeJob', () => {
  it('gives a manifest that the model accepts', () => {
    const job = defineJob({
      name: 'a',
      payload: z.object({ file: z.string(), limit: z.int().default(3), at: z.date().optional() }),
      checkpoint: { version: 1, schema: z.object({ seen: z.map(z.string(), z.bigint()) }) },
      run,
    });
    const manifest = describeJob(job);
    expect(jobManifestSchema.parse(manifest)).toEqual(manifest);
    // What a producer may leave out is not required.
    expect(manifest.payloadSchema).toMatchObject({ type: 'object', required: ['file'] });
    expect(manifest.payloadSchema.$schema).toContain('draft-07');
  });

  it('takes schemas of zod/mini', () => {
    const job = defineJob({ name: 'a', payload: mini.object({ file: mini.string() }), run });
    expect(describeJob(job).payloadSchema).toMatchObject({ required: ['file'] });
  });

  it('leaves everything open for a job without schemas', () => {
    expect(describeJob(defineJob({ name: 'a', run }))).toMatchObject({
      payloadSchema: {},
      checkpointVersion: null,
      checkpointSchema: null,
      reads: [],
      writes: [],
    });
  });
});
