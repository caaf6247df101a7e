import { beforeEach, describe, expect, test } from 'vitest';
import type { Envelope } from '../../src/model/run.js';
import { readFormer, readWriter } from '../../src/store/origins.js';
import { reopenRun } from '../../src/store/run-requests.js';
import { finishRun, startRun } from '../../src/store/runs.js';
import { saveRun } from '../../src/store/saves.js';
import { type TestStore, useStore } from '../support/store.js';

const RUN = { queue: 'q', jobId: 'run-1', token: 't1' };
const of = (version: number, text: string, cursors: string | null = null): Envelope => ({
  state: text,
  version,
  cursors,
});

let store: TestStore;
beforeEach(async () => {
  store = useStore();
  await store.redis.set(store.keys.lock('q', 'run-1'), 't1', 'PX', 10_000);
});

/** A start in this release that saves these positions, one after the other. */
async function goOn(release: string, ...saved: Envelope[]): Promise<void> {
  const by = { release, host: 'h1', app: 'a', crashed: false, crashLimit: 3, lockMs: 10_000 };
  const started = await startRun(store, RUN, by);
  if (started.kind !== 'ok') throw new Error(`the start was answered with ${started.kind}`);
  for (const checkpoint of saved) await saveRun(store, { ...RUN, fence: started.fence }, checkpoint);
}

const former = async (...readable: number[]) =>
  (await readFormer(store, RUN, version => readable.includes(version))).checkpoint;
const formerFields = async () =>
  Object.entries(await store.redis.hgetall(store.keys.run('q', 'run-1')))
    .filter(([name]) => name.startsWith('former'))
    .map(([name]) => name);

describe('the writer of a state', () => {
  test('is the release that ran when it was saved, not the one that read it', async () => {
    expect(await readWriter(store, RUN)).toBeNull();
    await goOn('r1', of(1, 'a'));
    await goOn('r2');
    expect(await readWriter(store, RUN)).toBe('r1');
  });

  test('stays while a later release only moves cursors', async () => {
    await goOn('r1', of(1, 'a'));
    await goOn('r2', of(1, 'a', 'further'));
    expect(await readWriter(store, RUN)).toBe('r1');
    await goOn('r2', of(2, 'b', 'further'));
    expect(await readWriter(store, RUN)).toBe('r2');
  });
});

describe('the former position', () => {
  test('is the last one of the older version, and what was saved since is counted', async () => {
    await goOn('r1', of(1, 'a'), of(1, 'b', 'c'));
    expect(await formerFields()).toEqual([]);
    await goOn('r2', of(2, 'x'), of(2, 'y'), of(2, 'z'));
    expect(await readFormer(store, RUN, version => version === 1)).toEqual({
      checkpoint: of(1, 'b', 'c'),
      lost: { checkpoints: 3, ms: expect.any(Number) },
    });
  });

  test('is none where it cannot be read either: all is repeated', async () => {
    await goOn('r2', of(2, 'a'));
    await goOn('r3', of(3, 'b'));
    expect(await readFormer(store, RUN, version => version === 1)).toMatchObject({
      checkpoint: null,
      lost: { checkpoints: 2 },
    });
    expect(await former(2)).toEqual(of(2, 'a'));
  });

  test('moves on with each version', async () => {
    await goOn('r1', of(1, 'a'));
    await goOn('r2', of(2, 'b'));
    await goOn('r3', of(3, 'c'));
    expect(await former(1, 2)).toEqual(of(2, 'b'));
  });

  test('goes when a position of its own version or an older one is saved', async () => {
    await goOn('r1', of(1, 'a'));
    await goOn('r2', of(2, 'b'));
    await goOn('r1', of(1, 'brought down'));
    expect(await formerFields()).toEqual([]);
  });

  test('stays where only the newest version is left', async () => {
    await goOn('r1', of(1, 'a'));
    await goOn('r3', of(3, 'b'));
    await goOn('r2', of(2, 'brought down'));
    expect(await former(1)).toEqual(of(1, 'a'));
  });

  test('may be cursors alone, which any code reads', async () => {
    await goOn('r1', { state: null, version: null, cursors: 'c' });
    await goOn('r2', of(1, 'a', 'd'));
    expect(await former()).toEqual({ state: null, version: null, cursors: 'c' });
    await goOn('r1', { state: null, version: null, cursors: 'e' });
    expect(await formerFields()).toEqual([]);
  });

  test('goes with the run', async () => {
    await goOn('r1', of(1, 'a'));
    await goOn('r2', of(2, 'b'));
    await finishRun(store, RUN, { keepState: false, keepMs: 60_000 });
    expect(await former(1)).toBeNull();
  });

  test('is forgotten by a run that begins anew', async () => {
    await goOn('r1', of(1, 'a'));
    await goOn('r2', of(2, 'b'));
    await store.redis.zadd(store.keys.job('q', 'failed'), 1, 'run-1');
    expect(await reopenRun(store, RUN, true)).toBe(true);
    expect(await formerFields()).toEqual([]);
    expect(await readWriter(store, RUN)).toBeNull();
  });
});
