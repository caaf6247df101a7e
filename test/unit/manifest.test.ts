import { expect, test } from 'vitest';
import { manifestOf, parseManifest } from '../../src/model/manifest.js';
import { manifestDigest } from '../../src/model/release.js';

/** As a version that knew no workflows wrote it. */
const EARLIER = {
  format: 1,
  app: 'a',
  entry: 'index.mjs',
  files: [{ path: 'index.mjs', sha256: '0'.repeat(64), bytes: 1 }],
  jobs: [
    {
      name: 'j',
      queue: 'default',
      payloadSchema: {},
      checkpointVersion: null,
      checkpointSchema: null,
      reads: [],
      writes: [],
      onRollback: 'repeat',
      attempts: 1,
      backoff: { type: 'exponential', delayMs: 1_000 },
      timeoutMs: null,
      concurrency: null,
    },
  ],
  workflows: [],
  schedules: [],
};
const DIGEST = '689f7745afdf2fde97a8a77af9d4f9b6b67652f3bd37eaa3dec86caafef64ece';

test('a release of an earlier version keeps its digest, pushed again or read from where it is stored', () => {
  const manifest = parseManifest(EARLIER);
  expect(manifestDigest(manifest)).toBe(DIGEST);
  const stored = { ...manifest, id: DIGEST.slice(0, 12), digest: DIGEST, createdAt: '', bytes: 1 };
  expect(manifestDigest(manifestOf(stored))).toBe(DIGEST);
});

test.each([
  [{ cron: '0 0 30 2 *' }, '/schedules/0/cron', /never fires/],
  [{ cron: 'daily' }, '/schedules/0/cron', /no cron pattern/],
  [{ timezone: 'Mars/Olympus' }, '/schedules/0/timezone', /no time zone/],
  [{ jitterMs: 86_400_001 }, '/schedules/0/jitterMs', /at most one day/],
  [{ jitterMs: Number.MAX_SAFE_INTEGER }, '/schedules/0/jitterMs', /at most one day/],
  [{ except: ['12-25', '99-99'] }, '/schedules/0/except/1', /must be a day/],
  [{ except: ['2030-02-30'] }, '/schedules/0/except/0', /must be a day/],
  [
    { startsAt: '2030-01-02T00:00:00.000Z', endsAt: '2030-01-01T00:00:00.000Z' },
    '/schedules/0/endsAt',
    /later than startsAt/,
  ],
])('a schedule that no build would make is refused: %o', (change, pointer, detail) => {
  const each = {
    job: 'j',
    cron: '0 2 * * *',
    timezone: 'UTC',
    missed: 'latest',
    overlap: 'skip',
    payload: {},
  };
  const push = (more: object) => parseManifest({ ...EARLIER, schedules: [{ ...each, ...more }] });
  expect(push({ except: ['02-29', '2028-02-29'], jitterMs: 86_400_000 }).schedules).toHaveLength(1);
  expect(() => push(change)).toThrow(
    expect.objectContaining({
      errors: [expect.objectContaining({ pointer, detail: expect.stringMatching(detail) })],
    }),
  );
});

test('a release of which a schedule fires no more is still taken', () => {
  const past = {
    job: 'j',
    cron: '0 0 2 1 1 * 2020',
    timezone: 'UTC',
    missed: 'latest',
    overlap: 'skip',
    payload: {},
  };
  expect(parseManifest({ ...EARLIER, schedules: [past] }).schedules).toHaveLength(1);
});
