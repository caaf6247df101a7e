import { describe, expect, it } from 'vitest';
import type { Window } from '../../src/model/window.js';
import { pruneWindows } from '../../src/store/ended-windows.js';
import { readEvents } from '../../src/store/events.js';
import { listHolds } from '../../src/store/holds.js';
import { readIntent } from '../../src/store/intents.js';
import { createLease, type Lease } from '../../src/store/lease.js';
import type { Store } from '../../src/store/redis.js';
import {
  advance,
  createWindow,
  extendWindow,
  getWindow,
  listWindows,
  openWindows,
  readNotes,
  readReport,
  requestWindow,
} from '../../src/store/windows.js';
import { holdOf, intentOf } from '../../src/window/act.js';
import { makeReport } from '../../src/window/report.js';
import { onEnd } from '../support/lifetime.js';
import { useStore } from '../support/store.js';
import { sampleWindow, windowIn } from '../support/window-samples.js';

async function holder(store: Store): Promise<Lease> {
  const lease = createLease(store, { owner: 'srv-1' });
  onEnd(() => lease.stop());
  await lease.start();
  return lease;
}

/** A window that is stored as draining, with the intent and the hold that go with it. */
async function draining(store: Store, lease: Lease): Promise<Window> {
  await createWindow(store, sampleWindow());
  const window = windowIn('draining');
  const change = { window, seenRevision: null, intent: intentOf(window)!, place: [holdOf(window)!] };
  expect(await advance(store, lease, change)).toBe('written');
  return getWindow(store, window.id);
}

describe('ended windows', () => {
  /** Declares a window and ends it, as the engine would. */
  async function ended(store: Store, lease: Lease, id: string, app = 'billing'): Promise<void> {
    const window = await createWindow(store, sampleWindow({ id, app }));
    const done: Window = { ...window, phase: 'done', outcome: 'cancelled', finishedAt: window.createdAt };
    const change = { window: done, seenRevision: null, report: makeReport(done, [], {}, 0, 0) };
    expect(await advance(store, lease, change)).toBe('written');
  }
  const kept = async (store: Store) => (await listWindows(store)).items.map(({ id }) => id);

  it('go with their reports when many newer ones of their app have ended', async () => {
    const store = useStore();
    const lease = await holder(store);
    for (const id of ['win-1', 'win-2', 'win-3']) await ended(store, lease, id);
    await ended(store, lease, 'win-4', 'shop');
    await createWindow(store, sampleWindow({ id: 'win-0' }));
    await pruneWindows(store, 'billing');
    expect(await kept(store)).toEqual(['win-4', 'win-3', 'win-2', 'win-1', 'win-0']);
    await pruneWindows(store, 'billing', 2);
    expect(await kept(store)).toEqual(['win-4', 'win-3', 'win-2', 'win-0']);
    expect(await readReport(store, 'win-1')).toBeNull();
    expect(await readReport(store, 'win-2')).not.toBeNull();
    await expect(getWindow(store, 'win-1')).rejects.toMatchObject({ code: 'not-found' });
    await pruneWindows(store, 'billing', 0);
    expect(await kept(store)).toEqual(['win-4', 'win-0']);
  });
});

describe('a step of the engine', () => {
  it('writes window, intent, hold, notes and event together', async () => {
    const store = useStore();
    const lease = await holder(store);
    const window = await draining(store, lease);
    expect(window).toMatchObject({ version: 2, phase: 'draining' });
    expect(await readIntent(store, 'billing')).toMatchObject({ ...intentOf(window), term: lease.term });
    expect(await listHolds(store)).toEqual([holdOf(window)]);
  });

  it('is refused for a term that is over, and leaves everything as it was', async () => {
    const store = useStore();
    const lease = await holder(store);
    const window = await draining(store, lease);
    const stale = { owner: lease.owner, term: lease.term - 1 };
    const change = { window: { ...window, phase: 'swapping' as const }, seenRevision: null };
    expect(await advance(store, stale, change)).toBe('not-the-holder');
    expect(await advance(store, { ...lease, owner: 'srv-2' }, change)).toBe('not-the-holder');
    await lease.stop();
    expect(await advance(store, { owner: 'srv-1', term: lease.term }, change)).toBe('not-the-holder');
    expect(await getWindow(store, window.id)).toEqual(window);
  });

  it('is refused over a request that came in between', async () => {
    const store = useStore();
    const lease = await holder(store);
    const window = await draining(store, lease);
    await requestWindow(store, window.id, { kind: 'abort', by: 'ann' });
    const seenRevision = (await readIntent(store, 'billing'))!.revision;
    expect(await advance(store, lease, { window, seenRevision })).toBe('stale-window');
    expect(await getWindow(store, window.id)).toMatchObject({ request: { kind: 'abort', by: 'ann' } });
  });

  it('is refused when the gate has moved since the look', async () => {
    const store = useStore();
    const lease = await holder(store);
    const window = await draining(store, lease);
    const seenRevision = (await readIntent(store, 'billing'))!.revision - 1;
    const swap = { window, seenRevision, intent: { ...intentOf(window)!, release: 'new' } };
    expect(await advance(store, lease, swap)).toBe('stale-intent');
    expect(await readIntent(store, 'billing')).toMatchObject({ release: 'old' });
  });

  it('raises the revision with every intent', async () => {
    const store = useStore();
    const lease = await holder(store);
    let window = await draining(store, lease);
    let { revision } = (await readIntent(store, 'billing'))!;
    for (let i = 0; i < 5; i++) {
      await advance(store, lease, { window, seenRevision: revision, intent: intentOf(window)! });
      window = await getWindow(store, window.id);
      const next = (await readIntent(store, 'billing'))!.revision;
      expect(next).toBeGreaterThan(revision);
      revision = next;
    }
  });

  it('ends a window with its report and lifts its hold', async () => {
    const store = useStore();
    const lease = await holder(store);
    const window = await draining(store, lease);
    const done: Window = { ...window, phase: 'done', outcome: 'aborted', finishedAt: window.createdAt };
    const seenRevision = (await readIntent(store, 'billing'))!.revision;
    const report = makeReport(done, [], {}, 0, 0);
    const event = { type: 'window.phase', data: { window: window.id, phase: 'done' } };
    const lift = [holdOf(window)!.id];
    const notes = { intake: { reports: 4 } };
    await advance(store, lease, {
      window: done,
      seenRevision,
      intent: intentOf(done)!,
      lift,
      report,
      event,
      notes,
    });
    expect(await readReport(store, window.id)).toEqual(report);
    expect(await readNotes(store, window.id)).toEqual(notes);
    expect(await listHolds(store)).toEqual([]);
    expect(await openWindows(store)).toEqual([]);
    const [, ...events] = (await readEvents(store)).map(each => each.type);
    expect(events).toEqual(['hold.placed', 'hold.lifted', 'window.phase']);
  });
});

describe('windows', () => {
  const HOUR = 3_600_000;
  const at = (id: string, hours: number, app = 'billing') => {
    const startsAt = new Date(Date.parse(sampleWindow().startsAt) + hours * HOUR).toISOString();
    return sampleWindow({ id, app, startsAt, maxDurationMs: HOUR });
  };

  it('of one app never overlap; the other one is named', async () => {
    const store = useStore();
    await createWindow(store, at('win-1', 0));
    await expect(createWindow(store, at('win-2', 0.5))).rejects.toThrow(/win-1.*or cancel it$/);
    await createWindow(store, at('win-3', 1));
    await expect(createWindow(store, at('win-4', 0.5))).rejects.toMatchObject({ code: 'conflict' });
    await createWindow(store, at('win-5', 0.5, 'mail'));
    expect((await openWindows(store)).map(window => window.id)).toEqual(['win-1', 'win-5', 'win-3']);
  });

  it('are created once when many ask at the same time', async () => {
    const store = useStore();
    const asked = [1, 2, 3, 4, 5].map(i => createWindow(store, at(`win-${i}`, 0)));
    const results = await Promise.allSettled(asked);
    expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(1);
    expect(await openWindows(store)).toHaveLength(1);
  });

  it('are listed newest first, page by page, of one app or all', async () => {
    const store = useStore();
    for (let i = 0; i < 7; i++) {
      await createWindow(store, at(`win-${i}`, i * 2, i % 2 === 0 ? 'billing' : 'mail'));
    }
    const first = await listWindows(store, { limit: 3 });
    expect(first.items.map(window => window.id)).toEqual(['win-6', 'win-5', 'win-4']);
    const second = await listWindows(store, { limit: 10, before: first.nextCursor! });
    expect(second.items.map(window => window.id)).toEqual(['win-3', 'win-2', 'win-1', 'win-0']);
    expect(second.nextCursor).toBeNull();
    const mail = await listWindows(store, { app: 'mail', limit: 2 });
    expect(mail.items.map(window => window.id)).toEqual(['win-5', 'win-3']);
    const rest = await listWindows(store, { app: 'mail', limit: 2, before: mail.nextCursor! });
    expect(rest).toMatchObject({ items: [{ id: 'win-1' }], nextCursor: null });
  });

  it('take requests that their phase allows, of the version that was read', async () => {
    const store = useStore();
    const window = await createWindow(store, at('win-1', 0));
    await expect(requestWindow(store, 'win-1', { kind: 'abort', by: 'a' })).rejects.toThrow(
      /cancel it instead/,
    );
    const asked = await requestWindow(store, 'win-1', { kind: 'start', by: 'ann' }, window.version);
    expect(asked).toMatchObject({ version: 2, request: { kind: 'start', by: 'ann' } });
    const again = requestWindow(store, 'win-1', { kind: 'cancel', by: 'bob' }, window.version);
    await expect(again).rejects.toThrow(/version 2, not 1/);
    await expect(getWindow(store, 'win-0')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('that are extended take the time of later ones into account', async () => {
    const store = useStore();
    await createWindow(store, at('win-1', 0));
    const longer = await extendWindow(store, 'win-1', { byMs: HOUR, by: 'ann' });
    expect(longer.maxDurationMs).toBe(2 * HOUR);
    await expect(createWindow(store, at('win-2', 1.5))).rejects.toThrow(/win-1/);
  });

  it('keep both of two requests at the same time', async () => {
    const store = useStore();
    await createWindow(store, at('win-1', 0));
    await Promise.all([1, 2, 3].map(() => extendWindow(store, 'win-1', { byMs: HOUR, by: 'ann' })));
    expect(await getWindow(store, 'win-1')).toMatchObject({ maxDurationMs: 4 * HOUR, version: 4 });
  });
});
