import { beforeEach, describe, expect, test } from 'vitest';
import { enqueueParts, partRunId } from '../../src/queue/workflow-runs.js';
import type { RunAddress } from '../../src/store/run-requests.js';
import { expandStep } from '../../src/store/workflows/expand.js';
import { markStep } from '../../src/store/workflows/parts.js';
import { expectProblem } from '../support/api.js';
import { begunWorkflow } from '../support/begun-workflow.js';
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
    const [first, second] = [(await get('?state=failed&limit=3')).json, (await get('?state=failed')).json];
    expect(idsOf(first)).toEqual(failed.slice(0, 3));
    expect(idsOf((await get(`?state=failed&cursor=${first.nextCursor}`)).json)).toEqual(failed.slice(3));
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
    ['?step=scoer', 404, 'not-found', 'has no step "scoer": it has extract, score, approve, load, publish'],
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
