import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { sha256Of } from '../../src/model/manifest.js';
import { type JobManifest, type Manifest, manifestDigest } from '../../src/model/release.js';
import {
  fetchRelease,
  getBlob,
  getRelease,
  hasBlob,
  listReleases,
  putBlob,
  putRelease,
} from '../../src/store/releases.js';
import { sampleJob } from '../support/sample-releases.js';
import { type TestStore, useStore } from '../support/store.js';
import { tempDir } from '../support/temp-dir.js';

let store: TestStore;
beforeEach(() => {
  store = useStore();
});

const bytes = (text: string) => new TextEncoder().encode(text);
const ENTRY = bytes(`export const modules = {};\n${'// padding that packs well\n'.repeat(100)}`);

const job = (name: string, queue = 'default'): JobManifest => ({ ...sampleJob, name, queue });

function manifestFor(files: Record<string, Uint8Array>, more: Partial<Manifest> = {}): Manifest {
  return {
    format: 1,
    app: 'default',
    entry: 'index.mjs',
    files: Object.entries(files).map(([name, content]) => ({
      path: name,
      sha256: sha256Of(content),
      bytes: content.length,
    })),
    jobs: [job('count')],
    workflows: [],
    schedules: [],
    ...more,
  };
}

async function push(text: string, more: Partial<Manifest> = {}, limits?: { keep: number }) {
  const files = { 'index.mjs': ENTRY, 'extra.txt': bytes(text) };
  for (const content of Object.values(files)) await putBlob(store, sha256Of(content), content);
  return (await putRelease(store, manifestFor(files, more), limits)).release;
}

const refused = (code: string, message: RegExp | string, errors: unknown[] = []) => ({
  code,
  message: expect.stringMatching(message),
  errors: errors.length > 0 ? errors : expect.anything(),
});

describe('a blob', () => {
  test('comes back as it was put, whether it packs well or not', async () => {
    for (const content of [ENTRY, randomBytes(5_000), new Uint8Array()]) {
      const digest = sha256Of(content);
      expect(await hasBlob(store, digest)).toBe(false);
      expect(await putBlob(store, digest, content)).toBe(true);
      expect(await putBlob(store, digest, content)).toBe(false);
      expect(await hasBlob(store, digest)).toBe(true);
      expect(Buffer.from((await getBlob(store, digest))!)).toEqual(Buffer.from(content));
    }
    expect(await store.redis.hstrlen(store.keys.blob(sha256Of(ENTRY)), 'data')).toBeLessThan(
      ENTRY.length / 4,
    );
    expect(await getBlob(store, '0'.repeat(64))).toBeNull();
  });

  test('is refused under a digest that is not its own, and stored under none', async () => {
    const other = '0'.repeat(64);
    await expect(putBlob(store, other, ENTRY)).rejects.toMatchObject(
      refused('digest-mismatch', sha256Of(ENTRY)),
    );
    expect(await hasBlob(store, other)).toBe(false);
    await expect(putBlob(store, 'abc', ENTRY)).rejects.toMatchObject(
      refused('bad-request', '64 lower-case hex'),
    );
    await expect(putBlob(store, sha256Of(ENTRY), ENTRY, { maxBytes: 10 })).rejects.toMatchObject(
      refused('too-large', '10 B'),
    );
  });

  test('lives for a day until a release names it, and then for as long as one does', async () => {
    const digest = sha256Of(ENTRY);
    await putBlob(store, digest, ENTRY);
    expect(await store.redis.ttl(store.keys.blob(digest))).toBeGreaterThan(0);
    await push('a');
    expect(await store.redis.ttl(store.keys.blob(digest))).toBe(-1);
    await putBlob(store, digest, ENTRY);
    expect(await store.redis.ttl(store.keys.blob(digest))).toBe(-1);
  });
});

describe('putting a release', () => {
  test('stores it once, under the digest of its manifest', async () => {
    await putBlob(store, sha256Of(ENTRY), ENTRY);
    const manifest = manifestFor({ 'index.mjs': ENTRY }, { jobs: [job('a', 'reports'), job('b')] });
    const first = await putRelease(store, manifest);
    expect(first.created).toBe(true);
    expect(first.release).toMatchObject({
      digest: manifestDigest(manifest),
      id: manifestDigest(manifest).slice(0, 12),
      app: 'default',
      bytes: ENTRY.length,
      jobs: [{ name: 'a', queue: 'reports' }, { name: 'b' }],
    });
    expect(await putRelease(store, manifest)).toEqual({ release: first.release, created: false });
    expect((await listReleases(store)).items).toEqual([first.release]);
    expect(await store.redis.smembers(store.keys.apps)).toEqual(['default']);
    expect(await store.redis.hgetall(store.keys.queues)).toEqual({ reports: 'default', default: 'default' });
  });

  test('names the blobs that are missing, and stores nothing', async () => {
    await putBlob(store, sha256Of(ENTRY), ENTRY);
    const absent = bytes('not sent');
    await expect(
      putRelease(store, manifestFor({ 'index.mjs': ENTRY, 'lib.mjs': absent })),
    ).rejects.toMatchObject(
      refused('missing-blob', sha256Of(absent), [
        { pointer: '/files/1/sha256', detail: expect.stringContaining('lib.mjs') },
      ]),
    );
    expect((await listReleases(store)).items).toEqual([]);
    expect(await store.redis.exists(store.keys.queues, store.keys.apps)).toBe(0);
  });

  test('points to what is wrong in a manifest', async () => {
    const good = manifestFor({ 'index.mjs': ENTRY });
    await putBlob(store, sha256Of(ENTRY), ENTRY);
    const cases: [unknown, string][] = [
      [null, ''],
      [{ ...good, extra: 1 }, ''],
      [{ ...good, format: 2 }, '/format'],
      [{ ...good, entry: 'other.mjs' }, '/entry'],
      [{ ...good, jobs: [job('a'), job('a')] }, '/jobs/1/name'],
      [{ ...good, jobs: [{ ...job('a'), 'x/y': 1 }] }, '/jobs/0'],
      [{ ...good, files: [{ ...good.files[0], path: '../up' }] }, '/files/0/path'],
      [{ ...good, files: [{ ...good.files[0], bytes: 1 }] }, '/files/0/bytes'],
      [{ ...good, files: [good.files[0], good.files[0]] }, '/files/1/path'],
    ];
    for (const [manifest, pointer] of cases) {
      const errors = expect.arrayContaining([expect.objectContaining({ pointer })]);
      await expect(putRelease(store, manifest)).rejects.toMatchObject({ code: 'invalid-manifest', errors });
    }
    await expect(putRelease(store, good, { maxBytes: 100 })).rejects.toMatchObject(
      refused('too-large', '100 B', [expect.objectContaining({ pointer: '/files' })]),
    );
    expect((await listReleases(store)).items).toEqual([]);
  });

  test('refuses a queue of another app, and then takes none of its other queues either', async () => {
    await push('a', { app: 'one', jobs: [job('a', 'shared')] });
    await expect(
      push('b', { app: 'two', jobs: [job('mine', 'free'), job('b', 'shared')] }),
    ).rejects.toMatchObject(
      refused('conflict', /shared belongs to app one/, [
        expect.objectContaining({ pointer: '/jobs/1/queue' }),
      ]),
    );
    expect(await store.redis.hgetall(store.keys.queues)).toEqual({ shared: 'one' });
    await push('c', { app: 'one', jobs: [job('a', 'free')] });
  });
});

describe('stored releases', () => {
  test('are found by ID, digest and beginning', async () => {
    const release = await push('a');
    for (const name of [release.id, release.digest, release.digest.slice(0, 20), release.id.slice(0, 5)])
      expect(await getRelease(store, name)).toEqual(release);
    const other = release.digest.endsWith('0') ? '1' : '0';
    for (const name of ['0000', '0'.repeat(64), release.digest.slice(0, 63) + other])
      await expect(getRelease(store, name)).rejects.toMatchObject(refused('not-found', name));
    for (const name of ['', 'abc', 'latest'])
      await expect(getRelease(store, name)).rejects.toMatchObject(refused('bad-request', 'release ls'));
  });

  test('are listed newest first, by app and page by page', async () => {
    const pushed = [];
    for (const [i, app] of ['one', 'two', 'one', 'one'].entries())
      pushed.unshift(await push(`${i}`, { app, jobs: [job('a', app)] }));
    const one = pushed.filter(release => release.app === 'one');
    expect((await listReleases(store, { app: 'one' })).items).toEqual(one);
    const seen = [];
    let cursor: string | undefined;
    do {
      const page = await listReleases(store, { app: 'one', limit: 2, cursor });
      seen.push(page.items.length);
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual([2, 1]);
    expect((await listReleases(store)).items).toHaveLength(4);
    await expect(listReleases(store, { cursor: 'x' })).rejects.toMatchObject(
      refused('bad-request', 'cursor'),
    );
  });

  test('are dropped when old, unless in use, with the blobs that no other one names', async () => {
    const names = ['current', 'standby', 'in a window', 'before it', 'old', 'older'];
    const [current, standby, target, previous, ...old] = await Promise.all(names.map(name => push(name)));
    const intent = { app: 'default', release: current!.id, standby: standby!.id };
    await store.redis.set(store.keys.intent('default'), JSON.stringify(intent));
    const window = { id: 'w1', app: 'default', release: target!.id, previousRelease: previous!.id };
    await store.redis.hset(store.keys.window('w1'), 'json', JSON.stringify(window));
    await store.redis.hset(store.keys.openWindows, 'w1', '{}');
    const newest = await push('new', {}, { keep: 1 });

    const kept = (await listReleases(store)).items.map(release => release.id);
    expect(kept.sort()).toEqual([current, standby, target, previous, newest].map(each => each!.id).sort());
    for (const gone of old) {
      await expect(getRelease(store, gone.id)).rejects.toMatchObject(refused('not-found', gone.id));
      expect(await hasBlob(store, gone.files[1]!.sha256)).toBe(false);
    }
    expect(await hasBlob(store, sha256Of(ENTRY))).toBe(true);
  });
});

describe('fetching a release', () => {
  test('gives a folder with its manifest and its files, also to several at once', async () => {
    const release = await push('content');
    const cache = path.join(tempDir('cache'), 'deep');
    const folders = await Promise.all(
      Array.from({ length: 5 }, () => fetchRelease(store, release.id, cache)),
    );
    expect(new Set(folders)).toEqual(new Set([path.join(cache, release.digest)]));
    expect(await readFile(path.join(folders[0]!, 'extra.txt'), 'utf8')).toBe('content');
    expect((await readdir(folders[0]!)).sort()).toEqual(['extra.txt', 'index.mjs', 'manifest.json']);
    expect(await readdir(cache)).toEqual([release.digest]);
  });

  test('uses again what lies there, without Redis, but not if it was changed', async () => {
    const release = await push('content');
    const cache = tempDir('cache');
    const folder = await fetchRelease(store, release.digest, cache);
    const file = path.join(folder, 'extra.txt');
    for (const change of [
      () => writeFile(file, 'CONTENT'),
      () => writeFile(path.join(folder, 'manifest.json'), '{'),
    ]) {
      await change();
      expect(await fetchRelease(store, release.id, cache)).toBe(folder);
      expect(await readFile(file, 'utf8')).toBe('content');
    }
    await store.redis.del(store.keys.release(release.id));
    expect(await fetchRelease(store, release.id, cache)).toBe(folder);
    await expect(fetchRelease(store, release.id, tempDir('cache'))).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('refuses what was changed or lost in Redis, and leaves nothing behind', async () => {
    const release = await push('content');
    const cache = tempDir('cache');
    const blob = store.keys.blob(release.files[1]!.sha256);
    await store.redis.hset(blob, 'encoding', 'raw', 'data', 'CONTENT');
    await expect(fetchRelease(store, release.id, cache)).rejects.toMatchObject(
      refused('digest-mismatch', 'extra.txt'),
    );
    await store.redis.del(blob);
    await expect(fetchRelease(store, release.id, cache)).rejects.toMatchObject(
      refused('digest-mismatch', 'extra.txt'),
    );
    await store.redis.hset(store.keys.release(release.id), 'json', JSON.stringify({ ...release, app: 'x' }));
    await expect(fetchRelease(store, release.id, cache)).rejects.toMatchObject(
      refused('digest-mismatch', 'manifest'),
    );
    expect(await readdir(cache)).toEqual([]);
  });
});
