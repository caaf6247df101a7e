import { defineJob } from 'slackwater';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { describeJob } from '../../src/author/describe.js';
import { prove } from '../../src/execution/proof.js';
import { type Above, BringDown } from '../../src/host/bring-down.js';
import type { LocalRelease } from '../../src/host/local-release.js';
import { type ProofSubject, Prover } from '../../src/host/prover.js';
import type { SpareWorkers } from '../../src/host/spare-workers.js';
import type { WorkerProcess } from '../../src/host/worker-process.js';
import type { ProofItem } from '../../src/model/messages.js';
import { decodeState, encodeState } from '../../src/model/state-codec.js';
import { systemClock } from '../../src/platform/clock.js';
import { SlackwaterError } from '../../src/platform/errors.js';
import { useStore } from '../support/store.js';

const run = () => null;
const counts = z.strictObject({ done: z.int() });
const old = defineJob({ name: 'a', checkpoint: { version: 1, schema: counts }, run });
const later = (more: object) =>
  defineJob({
    name: 'a',
    checkpoint: {
      version: 2,
      schema: z.object({ at: z.union([z.int(), z.string()]) }),
      upgrade: { 1: ({ done }: { done: number }) => ({ at: done }) },
      ...more,
    } as never,
    run,
  });
const withWay = later({ downgrade: { 2: ({ at }: { at: unknown }) => ({ done: at }) } });
type Job = typeof old | typeof withWay;

/** Workers of releases whose code is in this process; `deadly` states end the one that gets them. */
function setUp(releases: Record<string, Job>, deadly: (state: unknown) => boolean = () => false) {
  const asked: number[] = [];
  const worker = (job: Job) =>
    ({
      prove: async (items: ProofItem[]) => {
        asked.push(items.length);
        if (items.some(({ state }) => deadly(decodeState(state!)))) return [];
        return items.map(item => prove(job as never, item));
      },
      kill: vi.fn(),
    }) as unknown as WorkerProcess;
  const local = async (release: string): Promise<LocalRelease> => {
    const job = releases[release];
    if (!job) throw new SlackwaterError('not-found', `there is no release ${release}`);
    return { release, entry: '', jobs: [describeJob(job as never)], workflows: [] };
  };
  const spares = {
    local,
    borrow: async (release: string) => ({ process: worker(releases[release]!), free() {} }),
  } as unknown as SpareWorkers;
  const store = useStore();
  const bringDown = new BringDown({ app: 'app', store, clock: systemClock, spares });
  return { bringDown, store, asked, worker };
}

const above = (state: unknown, more: Partial<Above> = {}): Above => ({
  job: 'a',
  version: 2,
  state: encodeState(state),
  writer: 'r2',
  reads: [1],
  ...more,
});

describe('the way down', () => {
  test('is taken by the code that wrote the state, all of one turn in one message', async () => {
    const { bringDown, asked } = setUp({ r2: withWay });
    const all = await Promise.all([0, 1, 2].map(at => bringDown.bring(above({ at }))));
    expect(all.map(each => each.kind === 'down' && [each.version, decodeState(each.state)])).toEqual(
      [0, 1, 2].map(done => [1, { done }]),
    );
    expect(asked).toEqual([3]);
  });

  test('is none without a downgrade to what is read: the job says what then', async () => {
    const { bringDown, asked } = setUp({ r2: later({ onRollback: 'park' }), r3: withWay });
    expect(await bringDown.bring(above({ at: 1 }))).toEqual({ kind: 'no-way', onRollback: 'park' });
    const none = above({ at: 1 }, { writer: 'r3', reads: [] });
    expect(await bringDown.bring(none)).toEqual({ kind: 'no-way', onRollback: 'repeat' });
    expect(asked).toEqual([]);
  });

  test('fails alone for a state that ends the process', async () => {
    const { bringDown } = setUp({ r2: withWay }, state => (state as { at: unknown }).at === 'deadly');
    const all = await Promise.all([1, 'deadly', 2].map(at => bringDown.bring(above({ at }))));
    expect(all.map(({ kind }) => kind)).toEqual(['down', 'failed', 'down']);
    expect(all[1]).toMatchObject({
      failure: { from: 2, to: 1, direction: 'down', message: expect.stringContaining('ended the process') },
    });
  });

  test('is not tried for ever where every state of a job ends the process', async () => {
    const { bringDown, asked } = setUp({ r2: withWay }, () => true);
    const all = await Promise.all(Array.from({ length: 20 }, (_, at) => bringDown.bring(above({ at }))));
    expect(all.every(({ kind }) => kind === 'failed')).toBe(true);
    expect(asked).toEqual([20, 1, 1, 1]);
  });

  test('says so where no release is left that writes the version', async () => {
    const { bringDown } = setUp({ r1: old });
    for (const writer of ['r1', 'gone', null])
      expect(await bringDown.bring(above({ at: 1 }, { writer }))).toMatchObject({
        kind: 'failed',
        failure: { message: expect.stringContaining('no release is kept any more that writes version 2') },
      });
  });
});

describe('a proof against an older release', () => {
  const subject = (state: unknown, version: number): ProofSubject => ({
    queue: 'q',
    jobId: `run-${version}`,
    job: 'a',
    version,
    state: encodeState(state),
    writer: null,
  });

  /** @param deaths how many workers of the next release die before one answers. */
  function prover(current: Job, deaths = 0) {
    const { bringDown, store, worker } = setUp({ r2: current });
    let left = deaths;
    const mortal = () => (left-- > 0 ? ({ prove: async () => [] } as unknown as WorkerProcess) : worker(old));
    const manifest = (job: Job) => new Map([['a', describeJob(job as never)]]);
    return new Prover({
      store,
      queues: ['q'],
      currentJobs: manifest(current),
      currentRelease: 'r2',
      nextJobs: manifest(old),
      nextWorkflows: new Map(),
      bringDown,
      next: async () => mortal(),
      current: async () => worker(current),
    });
  }

  test('brings later states down, and reads the others as they are', async () => {
    const proof = await prover(withWay).prove([subject({ at: 1 }, 2), subject({ done: 1 }, 1)]);
    expect(proof).toEqual({ refusals: [], setBack: [] });
  });

  test('asks another worker where one dies, and gives up where each one does', async () => {
    expect(await prover(withWay, 2).prove([subject({ done: 1 }, 1)])).toMatchObject({ refusals: [] });
    await expect(prover(withWay, 3).prove([subject({ done: 1 }, 1)])).rejects.toThrow(
      'workers of the next release died while they read saved states',
    );
  });

  test('refuses what the older release does not accept, with its path', async () => {
    const { refusals } = await prover(withWay).prove([subject({ at: 'x' }, 2)]);
    expect(refusals).toMatchObject([{ run: 'run-2', from: 2, to: 1, direction: 'down', path: '/done' }]);
  });

  test('counts those without a way down, and refuses none of them', async () => {
    const proof = await prover(later({ onRollback: 'park' })).prove([subject({ at: 1 }, 2)]);
    expect(proof).toEqual({ refusals: [], setBack: [{ job: 'a', onRollback: 'park' }] });
  });
});
