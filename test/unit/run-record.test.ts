import { expect, test } from 'vitest';
import { type Place, type RunFields, stateOf, toRun } from '../../src/queue/run-record.js';

const attempt = (place: Place, run: RunFields): number =>
  toRun({ queue: 'q', jobId: '1', place, job: { name: 'j' }, run, app: 'a', heldBy: [] }).attempt;

test.each<[says: string, place: Place, run: RunFields, is: number]>([
  ['that runs for the first time is at its first', 'active', { startedAt: '1' }, 1],
  ['that failed once and runs again is at its second', 'active', { startedAt: '1', failures: '1' }, 2],
  ['that waits for its next attempt names that', 'delayed', { failures: '1' }, 2],
  ['that had one attempt and failed was at its first', 'failed', { failures: '1' }, 1],
  ['that had three and failed was at its third', 'failed', { failures: '3' }, 3],
  ['that something else failed was at its first', 'failed', {}, 1],
  ['that was set aside is still at the attempt it was', 'failed', { failures: '1', outcome: 'parked' }, 2],
  ['that completed after a failure took two', 'completed', { failures: '1' }, 2],
])('a run %s', (_, place, run, is) => {
  expect(attempt(place, run)).toBe(is);
});

test.each<[says: string, opts: unknown, is: string | null]>([
  [
    'a schedule fired for an instant',
    { slackwater: { scheduledFor: '2030-01-02T03:00:00Z' } },
    '2030-01-02T03:00:00.000Z',
  ],
  ['it was asked to wait is due then', { delay: 1_000 }, '2030-01-02T03:00:01.000Z'],
  ['somebody wrote nonsense has no such time', { slackwater: { scheduledFor: 'soon' } }, null],
  ['somebody wrote something else has none either', { slackwater: 3 }, null],
])('a run for which %s', (_, opts, is) => {
  const job = {
    name: 'j',
    opts: JSON.stringify(opts),
    timestamp: String(Date.parse('2030-01-02T03:00:00Z')),
  };
  const run = toRun({ queue: 'q', jobId: '1', place: 'wait', job, run: {}, app: 'a', heldBy: [] });
  expect(run.scheduledFor).toBe(is);
});

test.each<[says: string, place: Place, run: RunFields, is: string]>([
  ['with a state goes on from that', 'active', { savedAt: '1' }, 'yielded'],
  ['without one begins anew', 'active', {}, 'queued'],
  ['and given back goes on from its state', 'wait', { savedAt: '1' }, 'yielded'],
  ['and cancelled is that, once it is given back', 'wait', { savedAt: '1', cancel: '1' }, 'cancelled'],
  ['and that has ended since has ended', 'failed', { savedAt: '1' }, 'failed'],
])('a run that was stopped without a yield %s', (_, place, run, is) => {
  expect(stateOf(place, { startedAt: '1', stopped: '1', ...run })).toBe(is);
});

test('a run that was started more than once says when last, and after how many deaths of its worker', () => {
  const run = { startedAt: '1000', lastStart: '2000', fence: '3', crashes: '1', host: 'h' };
  expect(
    toRun({ queue: 'q', jobId: '1', place: 'active', job: { name: 'j' }, run, app: 'a', heldBy: [] }),
  ).toMatchObject({
    startedAt: '1970-01-01T00:00:01.000Z',
    lastStartedAt: '1970-01-01T00:00:02.000Z',
    fence: 3,
    crashes: 1,
  });
});
