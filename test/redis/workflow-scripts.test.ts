import { beforeEach, describe, expect, test } from 'vitest';
import { restWorkflow } from '../../src/store/agenda.js';
import { removeExpired } from '../../src/store/queue-care.js';
import { reopenRun, requestCancel } from '../../src/store/run-requests.js';
import { FencedError, startRun } from '../../src/store/runs.js';
import { reopenPart, reopenWorkflow } from '../../src/store/workflows/again.js';
import { beginWorkflow, endWorkflow } from '../../src/store/workflows/begin.js';
import { beginWait, expandStep } from '../../src/store/workflows/expand.js';
import { lookAtWorkflow, readWorkflow } from '../../src/store/workflows/look.js';
import { cancelParts, markStep, readParts } from '../../src/store/workflows/parts.js';
import { settleStep } from '../../src/store/workflows/settle.js';
import { signalWorkflow } from '../../src/store/workflows/signal.js';
import { anna } from '../support/anna.js';
import {
  APP,
  BY,
  begin,
  claim,
  due,
  expand,
  part,
  passTime,
  RUN,
  settle,
  states,
  store,
  useWorkflow,
  WHY,
} from './workflows/kept.js';
import { stepOf } from './workflows/story.js';

useWorkflow();

describe('a workflow run that begins', () => {
  test('keeps its graph, and its first steps are ready', async () => {
    await begin(stepOf('a', 'job'), stepOf('b', 'job', { after: ['a'] }), stepOf('c', 'job'));
    expect(await states()).toBe('a ready, b waiting, c ready');
    expect(await store.redis.smembers(store.keys.liveWorkflows('q'))).toEqual(['run-1']);
    expect(await store.redis.hget(store.keys.run('q', 'run-1'), 'workflow')).toBe('1');
  });

  test('begins once: what it keeps stays', async () => {
    const right = await begin(stepOf('a', 'job'));
    await expand('a');
    const other = { name: 'w', steps: [stepOf('z', 'job')] };
    expect(await beginWorkflow(store, right, { app: APP, graph: other, priority: 0 })).toBe('begun');
    expect(await states()).toBe('a expanded');
  });

  test('does not where it was cancelled, or the claim is another’s', async () => {
    const right = await claim();
    const graph = { app: APP, graph: { name: 'w', steps: [stepOf('a', 'job')] }, priority: 0 };
    await expect(beginWorkflow(store, { ...right, token: 't2' }, graph)).rejects.toThrow(FencedError);
    await expect(beginWorkflow(store, { ...right, fence: 9 }, graph)).rejects.toThrow(FencedError);
    await requestCancel(store, RUN, anna);
    expect(await beginWorkflow(store, right, graph)).toBe('cancelled');
    expect(await readWorkflow(store, RUN)).toBeNull();
  });
});

describe('what waits for a step', () => {
  const behind = (...names: string[]) => ({ after: names });

  test('begins as soon as its own inputs are there', async () => {
    await begin(
      stepOf('a', 'job'),
      stepOf('b', 'job'),
      stepOf('c', 'job', behind('a')),
      stepOf('d', 'job', behind('b', 'c')),
    );
    for (const step of ['a', 'b']) await expand(step);
    expect(await settle('a')).toBe('settled');
    expect(await states()).toBe('a done, b expanded, c ready, d waiting');
    await expand('c');
    await settle('c');
    await settle('b');
    expect(await states()).toBe('a done, b done, c done, d ready');
  });

  test('is skipped where all before it was, and not where one was not', async () => {
    await begin(
      stepOf('a', 'job'),
      stepOf('b', 'job'),
      stepOf('c', 'job', behind('a')),
      stepOf('d', 'job', behind('b', 'c')),
      stepOf('e', 'job', behind('c')),
    );
    await expandStep(store, APP, RUN, 'a', { kind: 'skip' });
    expect(await states()).toBe('a skipped, b ready, c skipped, d waiting, e skipped');
    await expand('b');
    await settle('b');
    expect(await states()).toBe('a skipped, b done, c skipped, d ready, e skipped');
  });
});

describe('the answer of the code', () => {
  test('is stored once', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    expect(await expand('a', 3)).toBe('stored');
    expect(await expand('a', 5)).toBe('late');
    const parts = await readParts(store, RUN, { name: 'a', each: true }, 0, 5);
    expect(parts.map(({ payload }) => payload)).toEqual(['0', '1', '2', null, null]);
  });

  test('may name thousands of runs, and leaves nothing of a try that came late', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    await Promise.all([expand('a', 3_000), expand('a', 3_000)]);
    expect(await store.redis.llen(store.keys.workflowPayloads('q', 'run-1', 'a'))).toBe(3_000);
    expect(await store.redis.keys(`${store.keys.queuePrefix}:*payloads*`)).toHaveLength(1);
    expect(await store.redis.pttl(store.keys.workflowPayloads('q', 'run-1', 'a'))).toBe(-1);
  });

  test('no element: the step is done', async () => {
    await begin(stepOf('a', 'job', { each: true }), stepOf('b', 'job', { after: ['a'] }));
    await expand('a', 0);
    expect(await states()).toBe('a done, b ready');
  });

  test('that it cannot be said fails the step', async () => {
    await begin(stepOf('a', 'job'), stepOf('b', 'job', { after: ['a'] }));
    await expandStep(store, APP, RUN, 'a', { kind: 'failed', why: { step: 'a', error: WHY } });
    expect(await states()).toBe('a failed, b stopped');
    expect((await readWorkflow(store, RUN))!.why).toEqual({ step: 'a', error: WHY });
  });
});

describe('a run that ends', () => {
  test('counts once, and its first result stands', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    await expand('a', 2);
    expect(await settle('a', 0)).toBe('kept');
    expect(await settle('a', 0, 'failed')).toBe('kept');
    expect((await readWorkflow(store, RUN))!.steps.a).toMatchObject({
      state: 'expanded',
      left: 1,
      failed: 0,
    });
    expect(await settle('a', 1)).toBe('settled');
    expect(await states()).toBe('a done');
  });

  test('writes only by the right of its claim', async () => {
    await begin(stepOf('a', 'job'));
    await expand('a');
    const right = await claim('part-a');
    const done = { kind: 'done', result: 1 } as const;
    await expect(settleStep(store, APP, { ...right, token: 'x' }, part('a'), done)).rejects.toThrow(
      FencedError,
    );
    await expect(settleStep(store, APP, { ...right, fence: 0 }, part('a'), done)).rejects.toThrow(
      FencedError,
    );
    expect(await settleStep(store, APP, right, part('a'), done)).toMatchObject({ kind: 'settled' });
  });

  test('finds at its next start that it was settled', async () => {
    await begin(stepOf('a', 'job', { each: true, onFailure: 'continue' }));
    await expand('a', 3);
    await settle('a', 0);
    await settle('a', 1, 'failed');
    const starts = [0, 1, 2].map(async index => {
      await store.redis.set(store.keys.lock('q', `p${index}`), 't', 'PX', 60_000);
      return startRun(store, { queue: 'q', jobId: `p${index}`, token: 't', part: part('a', index) }, BY);
    });
    const [done, failed, open] = await Promise.all(starts);
    expect(done).toMatchObject({ kind: 'settled', end: 'completed', result: { of: 'a' } });
    expect(failed).toMatchObject({ kind: 'settled', end: 'failed' });
    expect(open).toMatchObject({ kind: 'ok' });
  });

  test('is nobody’s where its workflow is no longer kept', async () => {
    expect(await settle('a')).toBe('gone');
  });
});

describe('a failure', () => {
  test('stops what has not begun, and the workflow says why', async () => {
    await begin(
      stepOf('a', 'job', { each: true }),
      stepOf('b', 'job'),
      stepOf('c', 'job', { after: ['a'] }),
      stepOf('s', 'signal'),
    );
    await expand('a', 2);
    await beginWait(store, APP, RUN, 's', { ms: null });
    expect(await settle('a', 1, 'failed')).toBe('settled');
    expect(await states()).toBe('a expanded, b stopped, c stopped, s stopped');
    const kept = await readWorkflow(store, RUN);
    expect(kept).toMatchObject({ stop: 'failed', why: { step: 'a', run: 'part-a-1', error: WHY } });
    expect(await expand('b')).toBe('late');
  });

  test('cancels at its start what has not started, though nobody has come to that yet', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    await expand('a', 3);
    const start = async (index: number, token: string) => {
      await store.redis.set(store.keys.lock('q', `p${index}`), token, 'PX', 60_000);
      return startRun(store, { queue: 'q', jobId: `p${index}`, token, part: part('a', index) }, BY);
    };
    expect(await start(1, 't1')).toMatchObject({ kind: 'ok' });
    await settle('a', 0, 'failed');
    // The one that has started goes on.
    expect(await start(1, 't2')).toMatchObject({ kind: 'ok' });
    expect(await start(2, 't3')).toMatchObject({ kind: 'cancelled' });
    // Also where its host died over that.
    expect(await start(2, 't4')).toMatchObject({ kind: 'cancelled' });
  });

  test('counts as settled where the step says so', async () => {
    await begin(stepOf('a', 'job', { onFailure: 'continue' }), stepOf('b', 'job', { after: ['a'] }));
    await expand('a');
    await settle('a', null, 'failed');
    expect(await states()).toBe('a failed, b ready');
    expect((await readWorkflow(store, RUN))!.stop).toBeNull();
  });

  test('cancels runs that have not started, and lets the others go on', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    await expand('a', 4);
    await claim('p1');
    await store.redis.hset(store.keys.job('q', 'p2'), 'name', 'job');
    await settle('a', 0, 'failed');
    const parts = [0, 1, 2, 3].map(index => ({ queue: 'q', jobId: `p${index}`, index }));
    expect(await cancelParts(store, APP, RUN, 'a', parts, anna)).toEqual([]);
    const marks = await store.redis.hgetall(store.keys.workflowResults('q', 'run-1'));
    expect(marks).toEqual({ 'a/0': '!0', 'a/2': '~0', 'a/3': '~0' });
    // p3 is not in its queue yet: whoever puts it there finds it cancelled.
    await store.redis.set(store.keys.lock('q', 'p3'), 't', 'PX', 60_000);
    expect(await startRun(store, { queue: 'q', jobId: 'p3', token: 't' }, BY)).toMatchObject({
      kind: 'cancelled',
    });
    expect((await readWorkflow(store, RUN))!.steps.a).toMatchObject({ left: 1, failed: 1, cancelled: 2 });
    await settle('a', 1);
    expect(await states()).toBe('a failed');
  });
});

describe('a cancellation', () => {
  test('stops the workflow, and names what runs and what is parked', async () => {
    await begin(stepOf('a', 'job', { each: true }), stepOf('b', 'job', { after: ['a'] }));
    await expand('a', 2);
    await claim('p0');
    await claim('p1');
    await store.redis.hset(store.keys.job('q', 'p1'), 'finishedOn', '1');
    await store.redis.hset(store.keys.run('q', 'p1'), 'outcome', 'parked', 'park', '{}');
    // Kept until somebody has decided, and looked at once an hour.
    await store.redis.zadd(store.keys.job('q', 'failed'), 1e14 + 1, 'p1');
    await store.redis.zadd(store.keys.expiring('q'), Date.now() + 3_600_000, 'p1');
    expect(await requestCancel(store, RUN, anna)).toBe('ok');
    expect(await states()).toBe('a expanded, b stopped');
    expect(await due()).toEqual(['run-1']);
    const parts = [0, 1].map(index => ({ queue: 'q', jobId: `p${index}`, index }));
    expect(await cancelParts(store, APP, RUN, 'a', parts, anna)).toEqual([parts[0]]);
    expect(await store.redis.hmget(store.keys.run('q', 'p1'), 'outcome', 'park')).toEqual([
      'cancelled',
      null,
    ]);
    // Its time begins now, like that of any other that ended.
    expect(await removeExpired(store, 'q', 60_000)).toBe(0);
    expect(Number(await store.redis.zscore(store.keys.job('q', 'failed'), 'p1'))).toBeLessThan(1e14);
    expect(await store.redis.pttl(store.keys.run('q', 'p1'))).toBeGreaterThan(0);
    expect(await settle('a', 0, 'cancelled')).toBe('settled');
    expect(await states()).toBe('a stopped, b stopped');
  });

  test('after a failure has all that still runs cancelled, too', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    await expand('a', 2);
    await settle('a', 0, 'failed');
    expect(await markStep(store, APP, RUN, 'a', 'ended', 2)).toBe(true);
    await requestCancel(store, RUN, anna);
    expect(await readWorkflow(store, RUN)).toMatchObject({ stop: 'cancelled', steps: { a: { ended: 0 } } });
  });
});

describe('a retry', () => {
  test('lets begin what failed or was stopped; what is done stays', async () => {
    const right = await begin(
      stepOf('a', 'job'),
      stepOf('b', 'job', { each: true, after: ['a'] }),
      stepOf('c', 'job', { after: ['b'] }),
      stepOf('d', 'job', { onFailure: 'continue' }),
    );
    await expand('a');
    await settle('a');
    await expand('d');
    await settle('d', null, 'failed');
    await expand('b', 3);
    await settle('b', 0);
    await settle('b', 1, 'failed');
    await cancelParts(store, APP, RUN, 'b', [{ queue: 'q', jobId: 'p2', index: 2 }], anna);
    expect(await states()).toBe('a done, b failed, c stopped, d failed');
    await store.redis.zadd(store.keys.job('q', 'failed'), 1, 'run-1');
    expect(await reopenRun(store, RUN, false)).toBe(true);
    const kept = (await readWorkflow(store, RUN))!;
    expect(kept.retry).toBe(true);
    for (let i = 0; i < 2; i++) await reopenWorkflow(store, APP, right, kept.graph);
    expect(await states()).toBe('a done, b expanded, c waiting, d failed');
    expect(await readWorkflow(store, RUN)).toMatchObject({ stop: null, why: null, retry: false });
    expect((await readWorkflow(store, RUN))!.steps.b).toMatchObject({
      left: 2,
      failed: 0,
      cancelled: 0,
      enqueued: 0,
      again: true,
    });
  });
});

test('a workflow run that is cancelled between its claim and its going on goes on no more', async () => {
  const right = await begin(stepOf('a', 'job'), stepOf('b', 'job', { after: ['a'] }));
  await expand('a');
  await settle('a', null, 'failed');
  await store.redis.zadd(store.keys.job('q', 'failed'), 1, 'run-1');
  await reopenRun(store, RUN, false);
  await requestCancel(store, RUN, anna);
  expect(await reopenWorkflow(store, APP, right, (await readWorkflow(store, RUN))!.graph)).toBe('cancelled');
  expect(await states()).toBe('a failed, b stopped');
  expect(await readWorkflow(store, RUN)).toMatchObject({ stop: 'cancelled' });
});

describe('a run that failed, in the round of a retry', () => {
  const run = { queue: 'q', jobId: 'p0' };
  const reopen = () => reopenPart(store, RUN, 'a/0', run, false);

  beforeEach(async () => {
    const right = await begin(stepOf('a', 'job', { each: true }));
    await expand('a', 1);
    await store.redis.hset(store.keys.job('q', 'p0'), 'finishedOn', '1');
    await store.redis.zadd(store.keys.job('q', 'failed'), '1', 'p0', '1', 'run-1');
    await settle('a', 0, 'failed');
    await reopenRun(store, RUN, false);
    await reopenWorkflow(store, APP, right, (await readWorkflow(store, RUN))!.graph);
  });

  test('is to be queued again, also by the host after one that died over it', async () => {
    expect([await reopen(), await reopen()]).toEqual(['again', 'again']);
    await store.redis.zrem(store.keys.job('q', 'failed'), 'p0');
    expect(await reopen()).toBe('there');
  });

  test.each(['done', 'failed'] as const)('and is %s since stays so, whoever comes late', async how => {
    await reopen();
    await settle('a', 0, how);
    expect(await reopen()).toBe('there');
    expect((await readWorkflow(store, RUN))!.steps.a).toMatchObject({ state: how, left: 0 });
  });

  test('waits for a host that is just ending it', async () => {
    await store.redis.set(store.keys.lock('q', 'p0'), 't', 'PX', 60_000);
    expect(await reopen()).toBe('busy');
    await store.redis.del(store.keys.lock('q', 'p0'));
    expect(await reopen()).toBe('again');
  });

  test('and was not queued yet when the workflow stops once more is cancelled with it', async () => {
    await requestCancel(store, RUN, anna);
    expect(await cancelParts(store, APP, RUN, 'a', [{ ...run, index: 0 }], anna)).toEqual([]);
    expect(await states()).toBe('a stopped');
  });
});

describe('a signal', () => {
  const send = (name = 's', text = '"yes"') => signalWorkflow(store, RUN, name, text);
  const result = () => store.redis.hget(store.keys.workflowResults('q', 'run-1'), 's');

  test('ends the step that waits for it; the first counts', async () => {
    await begin(stepOf('s', 'signal'), stepOf('b', 'job', { after: ['s'] }));
    await beginWait(store, APP, RUN, 's', { ms: null });
    expect(await send()).toBe('taken');
    expect(await send('s', '"no"')).toBe('already');
    expect(await states()).toBe('s done, b ready');
    expect(await result()).toBe('="yes"');
    expect(await due()).toEqual(['run-1']);
  });

  test('that comes early is kept, also for a run that has not begun', async () => {
    await store.redis.hset(store.keys.job('q', 'run-1'), 'name', 'w');
    expect(await send()).toBe('kept');
    expect(await store.redis.pttl(store.keys.workflow('q', 'run-1'))).toBeGreaterThan(0);
    await begin(stepOf('a', 'job'), stepOf('s', 'signal', { after: ['a'] }));
    expect(await store.redis.pttl(store.keys.workflow('q', 'run-1'))).toBe(-1);
    expect(await send('s', '"no"')).toBe('already');
    await expand('a');
    await settle('a');
    await beginWait(store, APP, RUN, 's', { ms: null });
    expect([await states(), await result()]).toEqual(['a done, s done', '="yes"']);
  });

  test('that nobody waits for is told so', async () => {
    expect(await send()).toBe('gone');
    await begin(stepOf('a', 'job'), stepOf('s', 'signal'));
    expect(await send('a')).toBe('unknown');
    expect(await send('t')).toBe('unknown');
    await expandStep(store, APP, RUN, 's', { kind: 'skip' });
    expect(await send()).toBe('over');
  });

  test('comes early where a person has the workflow go on and no host has claimed it yet', async () => {
    const right = await begin(stepOf('a', 'job'), stepOf('s', 'signal'));
    await expand('a');
    await settle('a', null, 'failed');
    expect([await states(), await send()]).toEqual(['a failed, s stopped', 'over']);
    await store.redis.zadd(store.keys.job('q', 'failed'), 1, 'run-1');
    await reopenRun(store, RUN, false);
    expect(await send()).toBe('kept');
    await reopenWorkflow(store, APP, right, (await readWorkflow(store, RUN))!.graph);
    await beginWait(store, APP, RUN, 's', { ms: null });
    expect([await states(), await result()]).toEqual(['a expanded, s done', '="yes"']);
  });

  test('that does not come in time fails the step, or is done without', async () => {
    await begin(
      stepOf('s', 'signal', { onFailure: 'continue' }),
      stepOf('t', 'signal'),
      stepOf('b', 'job', { after: ['s'] }),
    );
    await beginWait(store, APP, RUN, 's', { ms: -1 });
    await beginWait(store, APP, RUN, 't', { ms: 60_000 });
    const kept = (await lookAtWorkflow(store, APP, RUN))!;
    expect(kept.steps).toMatchObject({
      s: { state: 'failed' },
      t: { state: 'running' },
      b: { state: 'ready' },
    });
    await store.redis.hset(store.keys.workflow('q', 'run-1'), 't:t', 1);
    expect(await lookAtWorkflow(store, APP, RUN)).toMatchObject({
      stop: 'failed',
      why: { step: 't', error: { name: 'TimeoutError', message: 'signal "t" did not come in time' } },
    });
  });
});

test('a wait is over when its time has come', async () => {
  await begin(stepOf('w', 'wait'), stepOf('b', 'job', { after: ['w'] }));
  await beginWait(store, APP, RUN, 'w', { at: Date.now() + 60_000 });
  expect((await lookAtWorkflow(store, APP, RUN))!.steps.w!.state).toBe('running');
  await store.redis.hset(store.keys.workflow('q', 'run-1'), 't:w', 1);
  expect((await lookAtWorkflow(store, APP, RUN))!.steps).toMatchObject({
    w: { state: 'done' },
    b: { state: 'ready' },
  });
});

describe('the agenda', () => {
  test('gives what is due to one host at a time', async () => {
    await begin(stepOf('a', 'job'));
    await passTime();
    expect(await due()).toEqual(['run-1']);
    expect(await due()).toEqual([]);
  });

  test('is left only by whoever has seen the last change', async () => {
    await begin(stepOf('a', 'job'));
    const { revision } = (await readWorkflow(store, RUN))!;
    await expand('a');
    expect(await restWorkflow(store, APP, RUN, revision, null)).toBe(false);
    expect(await restWorkflow(store, APP, RUN, revision + 1, 7)).toBe(true);
    expect(await store.redis.zscore(store.keys.agenda(APP), 'q:run-1')).toBe('7');
    expect(await restWorkflow(store, APP, RUN, revision + 1, null)).toBe(true);
    expect(await store.redis.zcard(store.keys.agenda(APP))).toBe(0);
  });
});

test('what is kept of a run that has ended goes in time, and nothing stays for good', async () => {
  await begin(stepOf('a', 'job', { each: true }));
  await expand('a', 300);
  const names = async () => (await store.redis.keys(`${store.keys.queuePrefix}:*:wf*`)).length;
  expect(await names()).toBe(2);
  for (let i = 0; i < 300; i++) await settle('a', i);
  // Somebody has it go on before it could be tidied away.
  await endWorkflow(store, RUN, { keepMs: 60_000, again: true });
  expect(await store.redis.pttl(store.keys.workflow('q', 'run-1'))).toBe(-1);
  await store.redis.hset(store.keys.job('q', 'run-1'), 'finishedOn', '1');
  await endWorkflow(store, RUN, { keepMs: 60_000, again: true });
  expect(await names()).toBe(3);
  for (const key of await store.redis.keys(`${store.keys.queuePrefix}:*:wf*`))
    expect(await store.redis.pttl(key), key).toBeGreaterThan(0);
  await endWorkflow(store, RUN, { keepMs: 60_000, again: false });
  expect(await names()).toBe(2);
  expect(await store.redis.exists(store.keys.agenda(APP), store.keys.liveWorkflows('q'))).toBe(0);
});
