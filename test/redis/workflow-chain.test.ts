import { beforeEach, describe, expect, test } from 'vitest';
import type { Queues } from '../../src/queue/queues.js';
import { enqueueParts, jobsOfParts, partRunId } from '../../src/queue/workflow-runs.js';
import { restWorkflow } from '../../src/store/agenda.js';
import type { Redis } from '../../src/store/redis.js';
import { requestCancel } from '../../src/store/run-requests.js';
import { beginWait, expandStep } from '../../src/store/workflows/expand.js';
import { lookAtWorkflow, readWorkflow } from '../../src/store/workflows/look.js';
import { readParts } from '../../src/store/workflows/parts.js';
import { type Released, settleStep } from '../../src/store/workflows/settle.js';
import { advance } from '../../src/workflow/advance.js';
import type { WorkflowPorts } from '../../src/workflow/ports.js';
import type { RunningRelease } from '../../src/workflow/running-release.js';
import { anna } from '../support/anna.js';
import { useQueues } from '../support/queues.js';
import { sampleJob } from '../support/sample-releases.js';
import {
  APP,
  begin,
  due,
  expand,
  part,
  passTime,
  RUN,
  RUNS,
  settled,
  store,
  useWorkflow,
} from './workflows/kept.js';
import { stepOf } from './workflows/story.js';

useWorkflow();

describe('what the end of a run lets begin', () => {
  const asked = { data: '{}', opts: '' };
  /** All that there is to do for it has been done. */
  const rest = async () => restWorkflow(store, APP, RUN, (await readWorkflow(store, RUN))!.revision, null);
  const released = async (...of: Parameters<typeof settled>) => {
    const answer = await settled(...of);
    return answer.kind === 'settled' ? answer.released : answer.kind;
  };

  test('is told with it, and what that is to be told of', async () => {
    await begin(
      stepOf('a', 'job'),
      stepOf('b', 'job'),
      stepOf('c', 'job', { after: ['a', 'b'] }),
      stepOf('d', 'job', { after: ['b'] }),
    );
    for (const step of ['a', 'b']) await expand(step);
    await rest();
    expect(await released('a')).toBe('kept');
    expect(await due()).toEqual([]);
    const { revision, graph } = (await readWorkflow(store, RUN))!;
    const answer = await released('b');
    expect(answer).toMatchObject({ revision: revision + 1, graph, priority: 0, asked, over: false });
    expect(answer).toMatchObject({ ready: ['c', 'd'] });
    const result = (of: string) => JSON.stringify({ of });
    expect((answer as Released).results).toEqual(
      new Map([
        ['a', result('a')],
        ['b', result('b')],
      ]),
    );
    await passTime();
    expect(await due()).toEqual(['run-1']);
  });

  test('has no result of what failed, and of what waits only for time there is none', async () => {
    await begin(
      stepOf('a', 'job', { onFailure: 'continue' }),
      stepOf('t', 'wait'),
      stepOf('c', 'job', { after: ['a', 't'] }),
    );
    await expand('a');
    await beginWait(store, APP, RUN, 't', { ms: -1 });
    await lookAtWorkflow(store, APP, RUN);
    await rest();
    expect((await released('a', null, 'failed')) as Released).toMatchObject({
      ready: ['c'],
      results: new Map([
        ['a', null],
        ['t', null],
      ]),
    });
  });

  test('may be its end', async () => {
    await begin(stepOf('a', 'job'));
    await expand('a');
    await rest();
    expect(await released('a')).toMatchObject({ over: true, ready: [] });
  });

  test('is not told where there may be more to do: something has changed, it stops, or something is due', async () => {
    await begin(stepOf('a', 'job'), stepOf('b', 'job', { after: ['a'] }));
    await expand('a');
    expect(await released('a')).toBeNull();
    await expand('b');
    await rest();
    expect(await released('b', null, 'failed')).toBeNull();
  });

  test('nor where a signal is waited for until some time', async () => {
    await begin(stepOf('a', 'job'), stepOf('b', 'job', { after: ['a'] }), stepOf('s', 'signal'));
    await expand('a');
    await beginWait(store, APP, RUN, 's', { ms: 60_000 });
    await restWorkflow(store, APP, RUN, (await readWorkflow(store, RUN))!.revision, Date.now() + 60_000);
    expect(await released('a')).toBeNull();
  });

  test('is told without large results: these are read', async () => {
    await begin(stepOf('a', 'job'), stepOf('b', 'job'), stepOf('c', 'job', { after: ['a', 'b'] }));
    for (const step of ['a', 'b']) await expand(step);
    await rest();
    const large = { kind: 'done', result: 'x'.repeat(70_000) } as const;
    await settleStep(store, APP, { queue: 'q', jobId: 'part-a' }, part('a'), large);
    expect([...((await released('b')) as Released).results.keys()]).toEqual(['b']);
  });
});

describe('runs that go into their queue in the act that keeps what the code said', () => {
  let queues: Queues;
  beforeEach(() => {
    queues = useQueues(store);
  });
  const runs = { ...RUNS, attempts: 3, backoff: { type: 'fixed' as const, delayMs: 5 }, timeoutMs: 7_000 };
  const kept = { completedMs: 60_000, failedMs: 120_000 };
  const payloads = ['{"n":1}', '[]', 'null'];
  const context = (queue: string) => ({
    workflow: { queue: 'q', jobId: 'run-1' },
    step: 'a',
    runs: { ...runs, queue },
    priority: 0,
    scheduledFor: '2026-01-31T00:00:00.000Z',
    retention: kept,
  });
  const parts = payloads.map((payload, index) => ({ index, payload }));
  const along = (quiet = false) => ({ jobs: jobsOfParts(queues, context('q'), parts), quiet });
  const enqueue = (more: Parameters<typeof expandStep>[5] = { along: along() }) =>
    expandStep(store, APP, RUN, 'a', { kind: 'run', payloads, runs }, more);

  /** All that the queue library finds of them. */
  async function found(queue: string) {
    const { redis, keys } = store;
    const key = (name: string) => keys.job(queue, name);
    const ids = await redis.lrange(key('wait'), 0, -1);
    const jobs = await Promise.all(ids.map(id => redis.hgetall(key(id))));
    const events = await redis.xrange(key('events'), '-', '+');
    return {
      ids,
      jobs: jobs.map(({ timestamp, opts, ...job }) => {
        expect(Number(timestamp)).toBeGreaterThan(1_700_000_000_000);
        return { ...job, opts: JSON.parse(opts!) };
      }),
      events: events.map(([, fields]) => fields),
      marker: await redis.zrange(key('marker'), '0', '-1', 'WITHSCORES'),
      counter: await redis.get(key('id')),
    };
  }

  test('are there as if the queue library had put them there', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    await enqueueParts(queues, context('other'), parts);
    expect(await enqueue()).toBe('stored');
    const there = await found('q');
    expect(there).toEqual(await found('other'));
    expect(there.ids).toHaveLength(3);
    expect((await readWorkflow(store, RUN))!.steps.a).toMatchObject({
      state: 'running',
      count: 3,
      enqueued: 3,
      left: 3,
    });
    const stored = await readParts(store, RUN, { name: 'a', each: true }, 0, 3);
    expect(stored.map(({ payload }) => payload)).toEqual(payloads);
  });

  test('stay as they are where they are there already', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    for (const queue of ['q', 'other']) await enqueueParts(queues, context(queue), parts.slice(0, 1));
    await enqueueParts(queues, context('other'), parts);
    await enqueue();
    expect(await found('q')).toEqual(await found('other'));
  });

  test('call nobody where their queue is paused, or where their host claims', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    await enqueue({ along: along(true) });
    expect((await found('q')).marker).toEqual([]);
    await store.redis.del(store.keys.workflow('q', 'run-1'), store.keys.job('q', 'wait'));
    await begin(stepOf('a', 'job', { each: true }));
    await queues.get('q').pause();
    await enqueue();
    expect((await found('q')).marker).toEqual([]);
  });

  test('leave nothing to do where that was all, and nothing else has happened since', async () => {
    await begin(stepOf('a', 'job', { each: true }), stepOf('b', 'job'));
    const { revision } = (await readWorkflow(store, RUN))!;
    expect(await enqueue({ along: along(), revision })).toBe('rests');
    expect(await store.redis.zcard(store.keys.agenda(APP))).toBe(0);
    const one = { along: { jobs: along().jobs.slice(0, 1), quiet: false }, revision };
    const expansion = { kind: 'run' as const, payloads: ['1'], runs };
    expect(await expandStep(store, APP, RUN, 'b', expansion, one)).toBe('stored');
    expect(await store.redis.zcard(store.keys.agenda(APP))).toBe(1);
  });

  test('are not there where the workflow has stopped', async () => {
    await begin(stepOf('a', 'job', { each: true }));
    await requestCancel(store, RUN, anna);
    expect(await enqueue()).toBe('late');
    expect((await found('q')).ids).toEqual([]);
  });
});

test('the next step of a chain is one question and one act, and nothing is left to be looked for', async () => {
  const queues = useQueues(store);
  const steps = [
    stepOf('a', 'job'),
    stepOf('b', 'job', { after: ['a'] }),
    stepOf('c', 'job', { after: ['b'] }),
  ];
  const asked: (string | null)[] = [];
  const did: string[] = [];
  const workflow = { name: 'w', queue: 'q', payloadSchema: {}, steps };
  const release: RunningRelease = {
    jobs: new Map([['job', { ...sampleJob, name: 'job', queue: 'q' }]]),
    workflows: new Map([['w', workflow]]),
    evaluate: async ({ step, results }) => {
      asked.push(step, JSON.stringify(results));
      return { verdict: 'run', payloads: ['1'] };
    },
  };
  const ports: WorkflowPorts = {
    app: APP,
    store: { ...store, redis: noting(store.redis, did) },
    queues,
    retention: { completedMs: 60_000, failedMs: 60_000 },
    limits: { payloadBytes: 1_000, readBytes: 1_000_000, atOnce: 200 },
    claims: {
      placeIn: queue => ({ redis: noting(store.redis, did), claim: () => did.push(`claim in ${queue}`) }),
    },
    release: () => release,
    unfit: (_run, step) => expect.fail(`step ${step} does not fit`),
  };
  await begin(...steps);
  await advance(ports, RUN);
  expect(asked.splice(0)).toEqual(['a', '{}']);
  for (const [step, next] of [
    ['a', 'b'],
    ['b', 'c'],
  ] as const) {
    did.splice(0);
    const answer = await settled(step);
    await advance(ports, RUN, answer.kind === 'settled' ? answer.released : null);
    expect(did).toEqual(['sw_expand_step', 'claim in q']);
    expect(asked.splice(0)).toEqual([next, JSON.stringify({ [step]: JSON.stringify({ of: step }) })]);
    expect(await store.redis.zcard(store.keys.agenda(APP))).toBe(0);
  }
  expect(await store.redis.lrange(store.keys.job('q', 'wait'), 0, -1)).toEqual(
    ['c', 'b', 'a'].map(step => partRunId(RUN, step, null)),
  );
});

/** Notes what is asked of Redis. */
function noting(redis: Redis, did: string[]): Redis {
  return new Proxy(redis, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function' || name === 'defineCommand') return value;
      return (...args: unknown[]) => {
        did.push(String(name));
        return value.apply(target, args);
      };
    },
  });
}

test('a step may read only so much of results, and says so', async () => {
  const queues = useQueues(store);
  const steps = [stepOf('a', 'job', { each: true }), stepOf('b', 'job', { after: ['a'] })];
  const workflow = { name: 'w', queue: 'q', payloadSchema: {}, steps };
  const reads = async (readBytes: number) => {
    let asked = false;
    const release = {
      jobs: new Map([['job', { ...sampleJob, name: 'job', queue: 'q' }]]),
      workflows: new Map([['w', workflow]]),
      evaluate: async () => {
        asked = true;
        return { verdict: 'skip' as const };
      },
    };
    const ports: WorkflowPorts = {
      app: APP,
      store,
      queues,
      retention: { completedMs: 60_000, failedMs: 60_000 },
      limits: { payloadBytes: 1_000, readBytes, atOnce: 200 },
      release: () => release,
      unfit: (_run, step) => expect.fail(`step ${step} does not fit`),
    };
    await advance(ports, RUN);
    return asked;
  };
  await begin(...steps);
  await expand('a', 3);
  for (const index of [0, 1, 2]) await settled('a', index);
  const bytes = 3 * JSON.stringify({ of: 'a' }).length;
  expect(await reads(bytes - 1)).toBe(false);
  const { stop, why, steps: kept } = (await readWorkflow(store, RUN))!;
  expect([stop, kept.b!.state]).toEqual(['failed', 'failed']);
  expect(why).toMatchObject({
    step: 'b',
    error: {
      message: expect.stringContaining(
        `the results that it reads (of a) have more than ${bytes - 1} bytes together`,
      ),
    },
  });
});
