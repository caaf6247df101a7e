import { beforeEach, describe, expect, test } from 'vitest';
import type { RunAddress } from '../../src/model/run.js';
import { enqueueParts, partRunId } from '../../src/queue/workflow-runs.js';
import { expandStep } from '../../src/store/workflows/expand.js';
import { markStep } from '../../src/store/workflows/parts.js';
import { expectProblem } from '../support/api.js';
import { begunWorkflow } from '../support/begun-runs.js';
import { payload, type RunsApi, useRunsApi } from '../support/runs-api.js';
import { sampleStep } from '../support/sample-workflows.js';

const APP = 'reporting';
const RUNS = { queue: 'reports', attempts: null, backoff: null, timeoutMs: null };
const retention = { completedMs: 60_000, failedMs: 60_000 };
const graph = {
  name: 'nightly',
  steps: [
    sampleStep('extract', { runs: 'flights.delays' }),
    sampleStep('score', { runs: 'flights.delays', each: true }),
    sampleStep('approve', { kind: 'signal', runs: null }),
    sampleStep('load', { runs: 'weekly', kind: 'workflow' }),
    sampleStep('publish', { runs: 'flights.delays', after: ['score'] }),
  ],
};

let t: RunsApi;
let id: string;
const address = (jobId = id): RunAddress => ({ queue: 'reports', jobId });

beforeEach(async () => {
  t = await useRunsApi();
  id = await t.enqueue();
  await begunWorkflow(t.store, APP, address(), graph);
});

/** As a host does it. @returns the IDs of the runs */
async function enqueued(step: string, count: number, of = id): Promise<string[]> {
  const { each } = graph.steps.find(({ name }) => name === step)!;
  const runs = { ...RUNS, job: step === 'load' ? 'weekly' : 'flights.delays' };
  const payloads = Array(count).fill(JSON.stringify(payload));
  await expandStep(t.store, APP, address(of), step, { kind: 'run', payloads, runs });
  const parts = payloads.map((text, i) => ({ index: each ? i : null, payload: text }));
  const context = { workflow: address(of), step, runs, priority: 0, scheduledFor: null, retention };
  await enqueueParts(t.queues, context, parts);
  await markStep(t.store, APP, address(of), step, 'enqueued', count);
  return parts.map(({ index }) => partRunId(address(of), step, index));
}

const end = (ids: string[], place: 'failed' | 'completed') =>
  Promise.all(ids.map(each => t.moved(each, place)));
const idsOf = ({ items }: { items: { id: string }[] }): string[] => items.map(each => each.id);

describe('GET /v1/runs/:id/parts', () => {
  const get = (query = '', of = id) => t.call('GET', `/v1/runs/${of}/parts${query}`);

  test('has all runs of the steps, of which the run itself names a hundred of each', async () => {
    const expected = [...(await enqueued('extract', 1)), ...(await enqueued('score', 230))];
    const { steps } = (await t.call('GET', `/v1/runs/${id}`)).json;
    expect(steps[1]).toMatchObject({ counts: { total: 230 }, ids: expected.slice(1, 101) });
    const found: string[] = [];
    let query = '?limit=100';
    for (let cursor: string | null = ''; cursor !== null; query = `?limit=100&cursor=${cursor}`) {
      const { json } = await get(query);
      expect(json.items[0]).toMatchObject({ job: 'flights.delays', state: 'queued', payload });
      found.push(...idsOf(json));
      cursor = json.nextCursor;
    }
    expect(found).toEqual(expected);
    expect(idsOf((await get('?step=extract')).json)).toEqual([`${id}@extract`]);
    expect((await get('?step=publish')).json).toEqual({ items: [], nextCursor: null });
  });

  test('has those in a state, however far apart', async () => {
    const ids = await enqueued('score', 230);
    const failed = [3, 150, 151, 229].map(i => ids[i]!);
    await end(failed, 'failed');
    await end([ids[0]!], 'completed');
    const [first, second] = [(await get('?state=failed&limit=2')).json, (await get('?state=failed')).json];
    expect(idsOf(first)).toEqual(failed.slice(0, 2));
    expect(idsOf((await get(`?state=failed&cursor=${first.nextCursor}`)).json)).toEqual(failed.slice(2));
    expect([idsOf(second), second.nextCursor]).toEqual([failed, null]);
    expect(idsOf((await get('?state=failed,completed&step=score')).json)).toEqual([ids[0], ...failed]);
  });

  test('looks at two thousand at most, and says where to go on', async () => {
    const ids = await enqueued('score', 2_100);
    await end([ids.at(-1)!], 'failed');
    const { items, nextCursor } = (await get('?state=failed')).json;
    expect(items).toEqual([]);
    expect(idsOf((await get(`?state=failed&cursor=${nextCursor}`)).json)).toEqual([ids.at(-1)]);
  });

  test('leaves out what is no longer kept', async () => {
    const ids = await enqueued('score', 3);
    await t.queues.get('reports').remove(ids[1]!);
    expect(idsOf((await get()).json)).toEqual([ids[0], ids[2]]);
  });

  test.each([
    ['?step=scoer', 404, 'not-found', 'has no step "scoer": did you mean score?'],
    ['?step=sum', 404, 'not-found', 'has no step "sum": it has extract, score, approve, load, publish'],
    ['?cursor=nonsense', 400, 'bad-request', 'is no cursor of this list'],
    ['?state=asleep', 400, 'bad-request', 'several with commas'],
    ['?limit=501', 400, 'bad-request', '500'],
  ])('%s is answered with what to change', async (query, status, type, says) => {
    const answer = await get(query);
    expectProblem(answer, status, type);
    expect(answer.text).toContain(JSON.stringify(says).slice(1, -1));
  });

  test('is of workflow runs that have begun', async () => {
    const answer = await get('', await t.enqueue());
    expectProblem(answer, 409, 'conflict');
    expect(answer.json.detail).toContain('it is no run of a workflow, has not begun');
    expectProblem(await get('', 'run-none'), 404, 'not-found');
  });
});

describe('many that failed are retried, and among them parts of a workflow', () => {
  const retry = async (body: object) => (await t.call('POST', '/v1/runs/retry', body)).json;
  const retryIt = `retry that one, it goes on from what failed (slackwater runs retry ${'ID'})`;
  const passed = (count: string, way: string) => ({
    id,
    code: 'part-of-workflow',
    detail: `${count} of workflow run ${id} (flights.delays): ${way.replace('ID', id)}`,
  });

  test('which go on with its run, where that is among them', async () => {
    await end([...(await enqueued('score', 3)), id], 'failed');
    const alone = await t.enqueue();
    await end([alone], 'failed');
    const { items, passed } = await retry({ state: 'failed' });
    expect(idsOf({ items }).sort()).toEqual([id, alone].sort());
    expect(passed).toEqual([]);
  });

  test('which name its run, once, where that is not among them', async () => {
    await end([...(await enqueued('extract', 1)), ...(await enqueued('score', 3))], 'failed');
    // It waits for what else it has, or fails just now.
    expect(await retry({ state: 'failed' })).toMatchObject({
      items: [],
      passed: [passed('4 runs are parts', `once it has failed too, ${retryIt}`)],
    });
    await end([id], 'failed');
    expect(await retry({ state: 'failed', job: 'flights.delays', limit: 1, dryRun: true })).toMatchObject({
      items: [{ id }],
    });
    await t.moved(id, 'failed', { outcome: 'cancelled' });
    expect(await retry({ state: 'failed' })).toMatchObject({
      items: [],
      passed: [passed('4 runs are parts', retryIt)],
    });
  });

  test('which it may have completed without', async () => {
    await end(await enqueued('score', 1), 'failed');
    await end([id], 'completed');
    expect(await retry({ state: 'failed' })).toMatchObject({
      items: [],
      passed: [
        passed(
          '1 run is part',
          'that one has completed all the same, ask for another run of it (slackwater run flights.delays)',
        ),
      ],
    });
  });

  test('of which the outermost is retried, where workflows are steps of others', async () => {
    const [load] = await enqueued('load', 1);
    await begunWorkflow(t.store, APP, address(load), { ...graph, name: 'weekly' });
    const [extract] = await enqueued('extract', 1, load);
    await end([extract!, load!, id], 'failed');
    await t.moved(id, 'failed', { outcome: 'cancelled' });
    expect((await retry({ state: 'failed' })).passed).toEqual([passed('2 runs are parts', retryIt)]);
    const named = (await retry({ ids: [extract] })).passed;
    expect(named[0].detail).toContain(
      `part of workflow run ${id} (step "load/extract"), which has been told`,
    );
  });

  test('and those that are parked are retried themselves: nothing has been told of them', async () => {
    const ids = await enqueued('score', 2);
    const park = JSON.stringify({ reason: 'it crashed', choices: ['retry', 'cancel'] });
    for (const each of ids) await t.moved(each, 'failed', { outcome: 'parked', park });
    const { items, passed } = await retry({ state: 'parked' });
    expect(idsOf({ items }).sort()).toEqual([...ids].sort());
    expect(passed).toEqual([]);
  });

  test('and those of whose workflow nothing is kept are runs like any other', async () => {
    const ids = await enqueued('score', 2);
    await end(ids, 'failed');
    await t.store.redis.del(t.store.keys.workflow('reports', id));
    expect(idsOf(await retry({ state: 'failed' })).sort()).toEqual([...ids].sort());
  });
});
