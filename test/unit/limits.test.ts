import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineJob } from '../../src/author/define-job.js';
import { describeJob } from '../../src/author/describe.js';
import { heldByLimit, isLimited, keyOf, limitsOf } from '../../src/model/limits.js';
import { canonicalJson, type JobManifest, jobManifestSchema } from '../../src/model/release.js';
import { longestRetention, retentionOf } from '../../src/model/retention.js';

const run = () => {};
const job = (more: object) => ({ ...describeJob(defineJob({ name: 'j', run })), ...more }) as JobManifest;

describe('a definition', () => {
  const faultOf = (more: object): string => {
    try {
      defineJob({ name: 'j', run, ...more } as never);
    } catch (error) {
      expect(error).toMatchObject({ code: 'bad-definition' });
      return (error as Error).message;
    }
    return '';
  };

  test.each<[more: object, says: RegExp]>([
    [{ limit: {} }, /limit must be an object: \{ concurrency: 4/],
    [{ limit: 4 }, /limit must be an object/],
    [{ limit: { concurrency: 0 } }, /limit\.concurrency must be a whole number from 1, not 0/],
    [{ limit: { perKey: 20_000 } }, /limit\.perKey must be at most 10000/],
    [{ limit: { rate: 5 } }, /limit\.rate must be \{ max: 100, per: "1m" \}/],
    [{ limit: { rate: { max: 5, per: 'often' } } }, /limit\.rate\.per "often" is not a duration/],
    [{ limit: { rate: { max: 5, per: 0 } } }, /longer than 0/],
    [{ limit: { concurency: 1 } }, /limit\.concurency is not an option: there are concurrency, perKey, rate/],
    [{ concurrencyKey: () => 'x' }, /path into the payload .* not a function/],
    [{ concurrencyKey: 'a..b' }, /path into the payload/],
    [{ retention: {} }, /retention must be/],
    [{ retention: { completed: 'long' } }, /retention\.completed "long" is not a duration/],
    [{ retention: { parked: '1d' } }, /retention\.parked is not an option/],
  ])('%j is answered with what to change', (more, says) => expect(faultOf(more)).toMatch(says));

  test('becomes a manifest, in milliseconds', () => {
    const manifest = describeJob(
      defineJob({
        name: 'j',
        payload: z.object({ customer: z.object({ id: z.string() }) }),
        limit: { concurrency: 4, perKey: 2, rate: { max: 100, per: '1m' } },
        concurrencyKey: 'customer.id',
        retention: { completed: '1h' },
        run,
      }),
    );
    expect(jobManifestSchema.parse(manifest)).toMatchObject({
      limit: { concurrency: 4, perKey: 2, rate: { max: 100, perMs: 60_000 } },
      concurrencyKey: 'customer.id',
      retention: { completedMs: 3_600_000 },
    });
  });

  test('that says nothing of them has nothing of them in the manifest: its digest is what it was', () => {
    expect(canonicalJson(describeJob(defineJob({ name: 'j', run })))).not.toMatch(/limit|Key|retention/);
  });

  test('whose path leads nowhere is refused, as far as the payload can be seen through', () => {
    const describe = (payload: z.ZodType) => () =>
      describeJob(defineJob({ name: 'j', payload, concurrencyKey: 'customer.id', run } as never));
    expect(describe(z.object({ client: z.string() }))).toThrow(/no "customer" there, only client/);
    expect(describe(z.object({ customer: z.object({ name: z.string() }) }))).toThrow(
      /no "id" there, only name/,
    );
    for (const payload of [
      z.object({ customer: z.object({ id: z.int() }).optional() }),
      z.record(z.string(), z.unknown()),
      z.union([z.object({ customer: z.object({ id: z.string() }) }), z.object({ none: z.null() })]),
      z.unknown(),
    ])
      expect(describe(payload)).not.toThrow();
  });
});

describe('the key of a run', () => {
  const keyed = job({ concurrencyKey: 'customer.id' });
  test.each<[payload: unknown, key: string | null]>([
    [{ customer: { id: 'c1' } }, 'c1'],
    [{ customer: { id: 17 } }, '17'],
    [{ customer: { id: false } }, 'false'],
    [{ customer: { id: null } }, null],
    [{ customer: { id: {} } }, null],
    [{ customer: {} }, null],
    [{ customer: 'c1' }, null],
    [null, null],
    ['text', null],
    [{ customer: [] }, null],
  ])('of %j is %j', (payload, key) => expect(keyOf(keyed, null, JSON.stringify(payload))).toBe(key));

  test('given with the request goes before it, and one in a list is found', () => {
    expect(keyOf(keyed, 'mine', '{"customer":{"id":"c1"}}')).toBe('mine');
    expect(keyOf(job({ concurrencyKey: 'items.1' }), null, '{"items":["a","b"]}')).toBe('b');
    expect(keyOf(job({ concurrencyKey: 'constructor.name' }), null, '{}')).toBeNull();
    expect(keyOf(job({}), null, '{"customer":{"id":"c1"}}')).toBeNull();
  });

  test('that is long is told apart by its hash', () => {
    const [a, b] = ['a', 'b'].map(end => keyOf(undefined, 'x'.repeat(250) + end, 'null')!);
    expect(a).not.toBe(b);
    expect(a!.length).toBeLessThan(200);
  });
});

test('a job is limited by its limit, a run by its key', () => {
  expect(isLimited(job({}), null)).toBe(false);
  expect(isLimited(undefined, 'k')).toBe(true);
  expect(isLimited(job({ limit: { concurrency: 1 } }), null)).toBe(true);
  expect(limitsOf(job({ limit: { rate: { max: 1, perMs: 5 } } }))).toEqual({
    concurrency: null,
    perKey: 1,
    rate: { max: 1, perMs: 5 },
  });
});

test.each([
  [{ limit: 'concurrency', most: 2 }, 'at most 2 runs of its job at once'],
  [{ limit: 'perKey', most: 1, key: 'c1' }, 'at most 1 run of its job with the concurrency key "c1" at once'],
  [{ limit: 'rate', most: 100, perMs: 60_000 }, 'at most 100 runs of its job may begin in 1m00s'],
] as const)('%j is told as a sentence', (waits, reason) => {
  expect(heldByLimit(waits)).toEqual({ limit: waits.limit, reason, until: null });
});

test('ended runs are kept as their job says, and the queue is told the longest', () => {
  const standard = { completedMs: 10, failedMs: 20 };
  const jobs = [
    job({ queue: 'a', retention: { completedMs: 5 } }),
    job({ queue: 'a', retention: { failedMs: 90 } }),
    job({ queue: 'b', retention: { completedMs: 500 } }),
  ];
  expect(retentionOf(jobs[0], standard)).toEqual({ completedMs: 5, failedMs: 20 });
  expect(retentionOf(undefined, standard)).toEqual(standard);
  expect(longestRetention(jobs, 'a', standard)).toEqual({ completedMs: 10, failedMs: 90 });
});
