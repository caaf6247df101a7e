import { beforeEach, describe, expect, it } from 'vitest';
import type { TaskSign } from '../../src/model/task.js';
import type { Window } from '../../src/model/window.js';
import { type ClaimedRun, createConsumer, type Settlement } from '../../src/queue/consumer.js';
import { listRuns } from '../../src/queue/list-runs.js';
import { cancelRun, resumeRun, retryRun } from '../../src/queue/run-actions.js';
import { showRun } from '../../src/queue/runs.js';
import { taskQueueOf } from '../../src/queue/task-runs.js';
import { openStore } from '../../src/store/redis.js';
import { appendLog, failRun, startRun } from '../../src/store/runs.js';
import { readSigns } from '../../src/store/task-signs.js';
import { redisTaskRunner } from '../../src/window/tasks/redis-task-runner.js';
import type { TaskRunner } from '../../src/window/tasks/runner.js';
import { anna } from '../support/anna.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { useQueues } from '../support/queues.js';
import { sampleRelease } from '../support/sample-releases.js';
import { windowWith } from '../support/sample-try.js';
import { type TestStore, useStore } from '../support/store.js';

const QUEUE = taskQueueOf('billing');
const RUN = 'win-1-hook-migrate-1';
const LOCK_MS = 10_000;

let store: TestStore;
let release: string;
beforeEach(async () => {
  store = useStore();
  release = await sampleRelease(store, 'b');
});

const KEPT = { completedMs: 60_000, failedMs: 60_000 };

function server(owner = 'srv-1'): TaskRunner {
  const own = openStore(store.options);
  onEnd(() => own.redis.disconnect());
  const queues = useQueues(own);
  const runner = redisTaskRunner(own, queues, owner, { commands: true, env: [], retention: KEPT });
  onEnd(() => runner.stop());
  return runner;
}

type Started = ClaimedRun & { fence: number };

/** A host that does with each run of a hook what the test says. @returns the runs that it claimed. */
function host(act: (run: Started) => Promise<Settlement>): ClaimedRun[] {
  const claimed: ClaimedRun[] = [];
  const consumer = createConsumer(store, QUEUE, {
    lockMs: LOCK_MS,
    maxClaims: 5,
    async onClaim(run) {
      claimed.push(run);
      const by = { release, host: 'host-1', app: 'billing', crashed: false, crashLimit: 3, lockMs: LOCK_MS };
      const started = await startRun(store, run, by);
      if (started.kind !== 'ok') return ended('cancelled');
      return act({ ...run, fence: started.fence });
    },
    onEnded: () => {},
    onAside: () => {},
    onLeft: () => {},
    retention: () => ({ own: KEPT, longest: KEPT }),
    onError: () => {},
  });
  onEnd(() => consumer.close());
  return claimed;
}

const ended = (message: string): Settlement => ({
  kind: 'ended',
  error: { name: 'Error', message, stack: message },
});

const job = (change: Parameters<typeof windowWith>[1] = {}, name = 'invoice') =>
  windowWith({ job: { name, payload: { day: 1 } } }, { release, ...change });
const signOf = async (window: Window): Promise<TaskSign | null> =>
  Object.values(await readSigns(store, window))[0] ?? null;
const result = (window: Window) =>
  eventually(
    async () => {
      const sign = await signOf(window);
      return sign?.state === 'working' ? null : sign;
    },
    { what: 'a result' },
  );
const isThere = (id = RUN) => eventually(() => showRun(store, `${QUEUE}~${id}`));

describe('a hook that is a job', () => {
  it('runs once, on the new release, in a queue of its own; its result is kept', async () => {
    const claimed = host(async () => ({ kind: 'completed', result: { rows: 7 } }));
    const window = job();
    server().ensure(window);
    expect(await result(window)).toEqual({ state: 'done', output: '{"rows":7}', error: null });
    expect(claimed).toMatchObject([
      { queue: QUEUE, jobId: RUN, job: 'invoice', payload: '{"day":1}', taskRelease: release, attempts: 1 },
    ]);
    expect(await showRun(store, RUN)).toMatchObject({ app: 'billing', state: 'completed' });
  });

  it('counts as work before anybody has asked for its run', async () => {
    expect(await signOf(job())).toEqual({ state: 'working' });
  });

  it('is asked for once, by however many engines', async () => {
    const claimed = host(async () => ({ kind: 'completed', result: null }));
    const window = job();
    for (const runner of [server('srv-1'), server('srv-2')]) runner.ensure(window);
    expect(await result(window)).toEqual({ state: 'done', output: '', error: null });
    expect(claimed).toHaveLength(1);
  });

  it('outlives the server that asked for it', async () => {
    let finish = (_: Settlement) => {};
    host(() => new Promise(resolve => (finish = resolve)));
    const window = job();
    const former = server('srv-1');
    former.ensure(window);
    await eventually(async () => (await isThere()).state === 'running');
    await former.stop();
    expect(await signOf(window)).toEqual({ state: 'working' });
    server('srv-2').ensure(window);
    finish({ kind: 'completed', result: 1 });
    expect(await result(window)).toMatchObject({ state: 'done', output: '1' });
  });

  it('has failed where its code threw, with the end of its log', async () => {
    host(async run => {
      await appendLog(store, run, ['begun', 'half way'], 100);
      const error = { name: 'RangeError', message: 'no such day', stack: '' };
      await failRun(store, run, { kind: 'failed', attempts: 1, error });
      return { kind: 'ended', error };
    });
    const window = job();
    server().ensure(window);
    expect(await result(window)).toEqual({
      state: 'failed',
      output: 'begun\nhalf way',
      error: 'RangeError: no such day',
    });
  });

  it('has failed where the release has no such job', async () => {
    const window = job({}, 'unknown');
    server().ensure(window);
    expect(await result(window)).toMatchObject({
      state: 'failed',
      error: `release ${release} has no job "unknown"`,
    });
  });

  it('is lost where its run was parked', async () => {
    host(async run => {
      const parked = { reason: 'its worker died 3 times', choices: ['retry'] };
      await failRun(store, run, { kind: 'parked', attempts: 0, parked });
      return ended(parked.reason);
    });
    const window = job();
    server().ensure(window);
    expect(await result(window)).toMatchObject({
      state: 'lost',
      error: 'its run was parked: its worker died 3 times',
    });
  });

  it('has failed where no host began it in time, and will not begin later', async () => {
    const window = job({ timeoutMs: 200 });
    server().ensure(window);
    expect(await result(window)).toMatchObject({
      state: 'failed',
      error: 'it took longer than 200ms, and no host had begun its run',
    });
    const why = { by: `window ${window.id}`, reason: 'it took longer than 200ms' };
    expect(await isThere()).toMatchObject({ state: 'cancelled', cancelled: why });
  });

  it('is told to stop where it takes too long, and is lost; its time goes on through a change of leaders', async () => {
    host(async run => {
      await eventually(
        async () => (await store.redis.hget(store.keys.run(QUEUE, run.jobId), 'cancel')) === '1',
      );
      await failRun(store, run, { kind: 'cancelled', attempts: 0 });
      return ended('cancelled');
    });
    const former = server('srv-1');
    const window = job({ timeoutMs: 60_000 });
    former.ensure(window);
    await eventually(async () => (await isThere()).state === 'running');
    await former.stop();
    // As the next leader finds it after a minute.
    const later = job({ timeoutMs: 60_000, startedAt: Date.now() - 60_000 });
    server('srv-2').ensure(later);
    expect(await result(window)).toMatchObject({
      state: 'lost',
      error: 'it took longer than 1m00s, and its run was cancelled',
    });
  });

  it('that a person cancels in its work is lost', async () => {
    host(async run => {
      await eventually(
        async () => (await store.redis.hget(store.keys.run(QUEUE, run.jobId), 'cancel')) === '1',
      );
      await failRun(store, run, { kind: 'cancelled', attempts: 0 });
      return ended('cancelled');
    });
    const window = job();
    server().ensure(window);
    await eventually(async () => (await isThere()).state === 'running');
    await cancelRun(store, RUN, anna);
    expect(await result(window)).toMatchObject({ state: 'lost', error: 'its run was cancelled' });
  });

  it('that vanishes from the queue is lost', async () => {
    const window = job();
    server().ensure(window);
    await isThere();
    const queues = useQueues(store);
    await (await queues.get(QUEUE).getJob(RUN))!.remove();
    expect(await result(window)).toMatchObject({
      state: 'lost',
      error: 'its run is not in the queue any more',
    });
  });

  it.each(['failed', 'parked'] as const)('that %s is done again by its window alone', async kind => {
    const claimed = host(async run => {
      const parked = { reason: 'its worker died 3 times', choices: ['retry', 'restart', 'cancel'] };
      await failRun(store, run, { kind, attempts: 1, ...(kind === 'parked' && { parked }) });
      return ended(kind);
    });
    const window = job();
    server().ensure(window);
    await result(window);
    const queues = useQueues(store);
    const conflict = expect.objectContaining({
      code: 'conflict',
      message: expect.stringContaining('is part of window win-1 and cannot be'),
    });
    await expect(retryRun(store, queues, RUN)).rejects.toEqual(conflict);
    await expect(retryRun(store, queues, RUN, { restart: true })).rejects.toEqual(conflict);
    if (kind === 'parked') {
      for (const choice of ['retry', 'restart'])
        await expect(resumeRun(store, queues, RUN, anna, choice)).rejects.toEqual(conflict);
      expect((await showRun(store, RUN)).state).toBe('parked');
      // Its position would else be kept, and no way were left to be rid of it.
      expect((await resumeRun(store, queues, RUN, anna, 'cancel')).state).toBe('cancelled');
      await expect(retryRun(store, queues, RUN)).rejects.toEqual(conflict);
    }
    expect(await queues.get(QUEUE).getJobCounts('wait', 'active', 'failed')).toMatchObject({
      failed: 1,
      wait: 0,
      active: 0,
    });
    expect(claimed).toHaveLength(1);
  });

  it('is in no list of what ended in a window, save in that of its queue', async () => {
    host(async () => ended('no'));
    const window = job();
    server().ensure(window);
    await result(window);
    const idsOf = async (filter: Parameters<typeof listRuns>[1]) =>
      (await listRuns(store, filter)).items.map(({ id }) => id);
    expect(await idsOf({ state: 'failed', app: 'billing' })).toEqual([RUN]);
    expect(await idsOf({ state: 'failed', app: 'billing', endedSince: 1 })).toEqual([]);
    expect(await idsOf({ state: 'failed', queue: QUEUE, endedSince: 1 })).toEqual([RUN]);
  });

  it('of a window that is over is cancelled, by whichever server ends the window', async () => {
    const window = job();
    const former = server('srv-1');
    former.ensure(window);
    await isThere();
    await former.stop();
    server('srv-2').over(window);
    await eventually(async () => (await isThere()).state === 'cancelled');
  });

  it('that nobody asked for is not asked for when its window is over', async () => {
    const window = job();
    server().over(window);
    expect(await result(window)).toMatchObject({ state: 'lost' });
    expect(await store.redis.exists(store.keys.job(QUEUE, RUN))).toBe(0);
  });
});
