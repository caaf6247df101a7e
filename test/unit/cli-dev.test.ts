import { expect, test } from 'vitest';
import { savedLines } from '../../src/cli/dev/deploy-save.js';
import { jobLine } from '../../src/cli/dev/job-lines.js';
import { oneAtATime } from '../../src/cli/dev/one-at-a-time.js';
import { mayBeTaken } from '../../src/cli/dev/watch-folder.js';
import { type Check, diagnose, type Findings } from '../../src/cli/doctor/diagnose.js';
import { createStyle } from '../../src/cli/show/style.js';
import type { HostStatus } from '../../src/model/intent.js';
import type { Report, Window } from '../../src/model/window.js';

const plain = createStyle(false);

test('what is asked while work goes on is done once more, and never beside it', async () => {
  const ends: (() => void)[] = [];
  let at = 0;
  let most = 0;
  const { ask } = oneAtATime(async () => {
    at += 1;
    most = Math.max(most, at);
    await new Promise<void>(end => ends.push(end));
    at -= 1;
  });
  const asked = ask();
  void ask();
  void ask();
  expect(ends).toHaveLength(1);
  ends[0]!();
  await expect.poll(() => ends.length).toBe(2);
  ends[1]!();
  await asked;
  expect(ends).toHaveLength(2);
  expect(most).toBe(1);
});

test('once told to be idle, what was asked meanwhile is dropped', async () => {
  let done = 0;
  let end = () => {};
  const { ask, idle } = oneAtATime(async () => {
    done += 1;
    await new Promise<void>(resolve => (end = resolve));
  });
  void ask();
  void ask();
  const waiting = idle();
  end();
  await waiting;
  expect(done).toBe(1);
});

test('a run is told in one line as it ends', () => {
  const run = { id: 'run-1', job: 'hello' };
  const startedAt = '2030-01-01T00:00:00.000Z';
  const finishedAt = '2030-01-01T00:00:02.300Z';
  expect(jobLine({ ...run, state: 'completed', startedAt, finishedAt }, plain)).toBe(
    'hello run-1 completed in 2.3s',
  );
  const error = { name: 'Error', message: 'no file', stack: '' };
  expect(jobLine({ ...run, state: 'failed', error }, plain)).toBe(
    'hello run-1 failed: Error: no file (slackwater runs show run-1)',
  );
  expect(jobLine({ ...run, state: 'yielded' }, plain)).toBeNull();
});

test('a save is told in a line: what went on, or why not', () => {
  const report = {
    outcome: 'completed',
    from: 'aaa',
    to: 'bbb',
    summary: null,
    runs: { resumed: 2, forced: 0 },
    pause: { maxMs: 31 },
    refusals: [],
  } as unknown as Report;
  expect(savedLines(report, plain)).toEqual([
    '✓ release bbb runs: 2 runs went on in the new code (paused 31ms at most)',
  ]);
  expect(savedLines({ ...report, outcome: 'refused', summary: 'a state cannot be read' }, plain)).toEqual([
    '✗ release bbb refused: a state cannot be read; release aaa goes on',
  ]);
});

test.each([
  ['count.ts', true],
  ['_helper.mts', true],
  ['query.sql', true],
  ['rates.json', true],
  ['count.ts~', false],
  ['4913', false],
  ['count.ts.tmp.81234', false],
  ['#count.ts#', false],
  ['count.test.ts', false],
])('whether a release takes a file named %s: %s', (name, taken) => {
  expect(mayBeTaken(name)).toBe(taken);
});

const NOW = Date.parse('2030-01-01T00:00:00Z');
const appOn = (release: string, ready: number) =>
  ({ a: { release, running: 3, ready } }) as unknown as HostStatus['apps'];
const host = (more: Partial<HostStatus> = {}): HostStatus => ({
  id: 'host-1',
  hostname: 'box',
  pid: 1,
  version: '0',
  workers: 2,
  queues: null,
  startedAt: '',
  seenAt: new Date(NOW).toISOString(),
  leaving: false,
  apps: appOn('r1', 2),
  ...more,
});
const well: Findings = {
  node: 'v20.19.0',
  redis: {
    version: '7.0.15',
    policy: 'noeviction',
    appendOnly: true,
    diskFailed: false,
    refuses: null,
    full: null,
    aheadMs: 3,
  },
  server: { url: 'http://x', ready: true },
  hosts: [host()],
  silent: [],
  current: { a: 'r1' },
  windows: {},
  held: [],
  queues: [{ name: 'q', paused: false, holds: [] }],
  ended: { failed: 0, parked: 0 },
  now: NOW,
};
const heldFor = (by: { hold: string } | { window: string }) => ({
  ...by,
  reason: 'lunch',
  until: new Date(NOW + 60_000).toISOString(),
});
const faults = (found: Partial<Findings>): Check[] =>
  diagnose({ ...well, ...found }).filter(({ level }) => level !== 'ok');

test('the doctor finds nothing where all is well', () => {
  expect(faults({})).toEqual([]);
});

test.each<[string, Partial<Findings>, Check['level'], RegExp]>([
  ['an old Node', { node: 'v20.9.0' }, 'fail', /install Node 20\.19/],
  ['a Redis that does not answer', { redis: 'redis://x does not answer' }, 'fail', /does not answer/],
  [
    'an evicting Redis',
    { redis: { ...(well.redis as object), policy: 'allkeys-lru' } as never },
    'fail',
    /noeviction/,
  ],
  ['an old Redis', { redis: { ...(well.redis as object), version: '6.0.1' } as never }, 'fail', /6\.2/],
  [
    'a forgetful Redis',
    { redis: { ...(well.redis as object), appendOnly: false } as never },
    'warn',
    /appendonly/,
  ],
  [
    'a clock that is off',
    { redis: { ...(well.redis as object), aheadMs: -9_000 } as never },
    'warn',
    /9\.0s behind/,
  ],
  [
    'a Redis that takes no writes',
    { redis: { ...(well.redis as object), refuses: 'Redis is out of memory: raise', full: 1.2 } as never },
    'fail',
    /^Redis is out of memory: raise$/,
  ],
  [
    'a full disk',
    { redis: { ...(well.redis as object), diskFailed: true } as never },
    'fail',
    /could not write to its disk/,
  ],
  ['a memory nearly full', { redis: { ...(well.redis as object), full: 0.95 } as never }, 'warn', /95%/],
  ['no server', { server: { url: 'u', ready: 'no answer' }, hosts: null, queues: null }, 'fail', /no answer/],
  ['no host', { hosts: [] }, 'fail', /slackwater host/],
  ['a silent host', { hosts: [host({ seenAt: new Date(NOW - 60_000).toISOString() })] }, 'warn', /60s ago/],
  [
    'a host that died',
    { silent: [{ id: 'host-2', hostname: 'box', seenAt: new Date(NOW - 180_000).toISOString(), runs: 2 }] },
    'warn',
    /^host-2 on box fell silent: it was last seen 3m00s ago .*with 2 runs, which go on elsewhere: look/,
  ],
  ['a host on another release', { current: { a: 'r2' } }, 'fail', /r1 instead of r2: look at its log/],
  [
    'a host that a window is about to move',
    { current: { a: 'r2' }, windows: { a: 'win-1' } },
    'warn',
    /window win-1 is under way/,
  ],
  [
    'a host without a ready worker',
    { hosts: [host({ apps: appOn('r1', 0) })] },
    'fail',
    /no worker that is ready/,
  ],
  ['an app that no host runs', { current: { a: 'r1', b: 'r9' } }, 'fail', /^b has release r9, and no host/],
  ['a Redis that has lost its data', { current: {} }, 'fail', /^a .*no release is deployed: Redis has lost/],
  ['failed runs', { ended: { failed: 2, parked: 0 } }, 'warn', /^2 runs failed .*runs ls --state failed/],
  ['a parked run', { ended: { failed: 0, parked: 1 } }, 'warn', /^1 run was parked .*--state parked/],
  ['a queue paused without a hold', { queues: [{ name: 'q', paused: true, holds: [] }] }, 'warn', /no hold/],
  [
    'queues that a person holds',
    { queues: ['q', 'r'].map(name => ({ name, paused: true, holds: [heldFor({ hold: 'hold-1' })] })) },
    'warn',
    /^q, r held by hold-1 \(lunch\), ends in 1m00s: "slackwater hold rm hold-1"/,
  ],
  [
    'a queue that a window holds',
    { queues: [{ name: 'q', paused: true, holds: [heldFor({ window: 'win-1' })] }] },
    'warn',
    /^q held by window win-1 .*"slackwater window watch win-1"/,
  ],
])('the doctor finds %s and says what to change', (_, found, level, text) => {
  expect(faults(found)).toEqual([{ name: expect.any(String), level, text: expect.stringMatching(text) }]);
});

test('the doctor tells of a held window once: why, what may be chosen, and how to say it', () => {
  const held = {
    id: 'win-1',
    app: 'a',
    strategy: 'window',
    request: null,
    held: {
      since: new Date(NOW - 60_000).toISOString(),
      phase: 'swapping',
      reason: 'nobody knows whether hook migrate was done',
      choices: [
        { choice: 'retry', does: 'does migrate again' },
        { choice: 'go-on', does: 'takes it for done' },
      ],
    },
  } as unknown as Window;
  const queues = [{ name: 'q', paused: true, holds: [heldFor({ window: 'win-1' })] }];
  expect(faults({ held: [held], queues })).toEqual([
    {
      name: 'window',
      level: 'fail',
      text: 'win-1 of a was held 1m00s ago while swapping, intake held meanwhile: nobody knows whether hook migrate was done; decide how it goes on:',
      choices: [
        {
          choice: 'retry',
          does: 'does migrate again',
          command: 'slackwater window end win-1 --choice retry',
        },
        {
          choice: 'go-on',
          does: 'takes it for done',
          command: 'slackwater window end win-1 --choice go-on',
        },
      ],
    },
  ]);
  const request = { kind: 'end' as const, choice: 'retry' as const, by: 'ann', at: '' };
  expect(faults({ held: [{ ...held, request }], queues })).toMatchObject([
    { level: 'warn', text: 'win-1 of a was held; ann decided: retry' },
  ]);
});
