import { beforeEach, describe, expect, it } from 'vitest';
import type { Hold } from '../../src/model/hold.js';
import type { HostStatus } from '../../src/model/intent.js';
import type { Report, Window } from '../../src/model/window.js';
import type { WindowChange } from '../../src/store/windows.js';
import { type ControlSide, memorySide, redisSide } from '../support/control-side.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { iso, sampleHost, sampleIntent, sampleTally, sampleWindow } from '../support/window-samples.js';

const TTL = 60_000;
const { revision: _, term: __, ...INTENT } = sampleIntent();

describe.each([
  { where: 'in memory', open: memorySide },
  { where: 'in Redis', open: redisSide },
])('the control plane $where', ({ open }) => {
  let side: ControlSide;
  let holder: { owner: string; term: number };
  let window: Window;

  beforeEach(async () => {
    side = open();
    const now = await side.now();
    window = await side.createWindow(sampleWindow({ createdAt: iso(now), startsAt: iso(now) }));
    holder = await lead('srv-1');
  });

  async function lead(owner: string, ttlMs = TTL) {
    const { won, term } = await side.lease.acquire(owner, ttlMs, 0);
    expect(won).toBe(true);
    return { owner, term };
  }

  const revision = async () => (await side.intent())?.revision ?? null;
  const types = async () => (await side.events()).map(event => event.type);
  const step = async (change: Partial<WindowChange> = {}, by = holder) =>
    side.plane.advance(by, {
      window: await side.window(window.id),
      seenRevision: await revision(),
      ...change,
    });

  async function holdFor(ms: number): Promise<Hold> {
    const now = await side.now();
    const at = { placedAt: iso(now), until: iso(now + ms) };
    return { id: 'hold-1', owner: `window:${window.id}`, reason: 'r', queues: ['reports'], ...at };
  }

  describe('a step of the engine', () => {
    it('is written whole: window, intent, hold, event, note, report', async () => {
      const hold = await holdFor(TTL);
      const next: Window = { ...window, phase: 'draining' };
      const event = { type: 'window.phase', data: { window: window.id, because: 'test' } };
      const change = {
        window: next,
        intent: INTENT,
        place: [hold],
        event,
        notes: { intake: { reports: 3 } },
      };
      expect(await step(change)).toBe('written');
      expect(await side.window(window.id)).toEqual({ ...next, version: 2 });
      expect(await side.intent()).toMatchObject({ ...INTENT, term: holder.term });
      expect(await side.holds()).toEqual([hold]);
      expect(await side.plane.notes(window.id)).toEqual({ intake: { reports: 3 } });
      expect((await types()).slice(-2)).toEqual(['hold.placed', 'window.phase']);
      const look = await side.plane.look(window);
      expect(look).toMatchObject({ window: { version: 2 }, intent: { term: holder.term }, holds: [hold] });
    });

    it('that ends the window takes it from the open ones, with its report, and lifts its hold', async () => {
      await step({ place: [await holdFor(TTL)] });
      const report = { window: window.id, outcome: 'completed' } as Report;
      const done: Window = { ...(await side.window(window.id)), phase: 'done', outcome: 'completed' };
      expect(await step({ window: done, lift: ['hold-1'], report })).toBe('written');
      expect([await side.plane.openWindows(), await side.holds()]).toEqual([[], []]);
      expect(await side.report(window.id)).toEqual(report);
      expect((await types()).at(-1)).toBe('hold.lifted');
    });

    it('that holds the window for a person leaves it among the open ones', async () => {
      const held = { since: iso(0), phase: 'swapping', reason: 'r', task: null, choices: [], until: iso(0) };
      const waits = { ...window, phase: 'done', outcome: 'held', held } as Window;
      expect(await step({ window: waits })).toBe('written');
      expect(await side.plane.openWindows()).toMatchObject([{ id: window.id, outcome: 'held' }]);
    });

    it('is refused to who never had the lease, whose lease is over, and whose lease another has', async () => {
      expect(await step({}, { owner: 'stranger', term: holder.term })).toBe('not-the-holder');
      await side.lease.release(holder.owner, holder.term);
      expect(await step()).toBe('not-the-holder');
      const second = await lead('srv-2');
      expect(second.term).toBeGreaterThan(holder.term);
      expect(await step()).toBe('not-the-holder');
      expect(await step({}, { owner: 'srv-2', term: holder.term })).toBe('not-the-holder');
      expect(await step({}, second)).toBe('written');
    });

    it('is refused where the window has changed since it was read', async () => {
      const read = await side.window(window.id);
      await side.request(window.id, { kind: 'start', by: 'ann' });
      expect(await step({ window: read, intent: INTENT })).toBe('stale-window');
      expect([(await side.window(window.id)).request?.kind, await side.intent()]).toEqual(['start', null]);
    });

    it('is refused where the intent has changed since it was read', async () => {
      expect(await step({ intent: INTENT })).toBe('written');
      expect(await step({ seenRevision: null })).toBe('stale-intent');
      expect(await step({ seenRevision: (await revision())! - 1 })).toBe('stale-intent');
      expect(await step()).toBe('written');
    });

    it('is written once where its answer was lost and it is sent again', async () => {
      const seen = { window: await side.window(window.id), seenRevision: await revision() };
      expect(await step(seen)).toBe('written');
      expect(await step(seen)).toBe('stale-window');
      expect((await side.window(window.id)).version).toBe(2);
    });

    it('wakes those who listen', async () => {
      let heard = 0;
      const watch = side.plane.watch(() => heard++);
      onEnd(() => watch.stop());
      await watch.start();
      // Whoever begins to listen is told to look.
      await eventually(() => heard > 0);
      const before = heard;
      await step();
      await eventually(() => heard > before);
    });
  });

  describe('revisions', () => {
    it('rise with each write of the intent, and not with others', async () => {
      await step({ intent: INTENT });
      const first = (await revision())!;
      await step();
      expect(await revision()).toBe(first);
      await step({ intent: INTENT });
      expect(await revision()).toBeGreaterThan(first);
    });

    it('and terms never come again, also where the last writes are lost', async () => {
      await step({ intent: INTENT });
      const forget = await side.remember();
      await side.pass(5);
      await step({ intent: INTENT });
      await side.lease.release(holder.owner, holder.term);
      const [lostRevision, lost] = [(await revision())!, await lead('srv-2')];
      await side.pass(5);
      await forget();
      expect(await revision()).toBeLessThan(lostRevision);
      // The former holder is in the record again, as if nothing had been.
      await side.lease.release(holder.owner, holder.term);
      const third = await lead('srv-3');
      expect(third.term).toBeGreaterThan(lost.term);
      expect(await step({ intent: INTENT }, third)).toBe('written');
      expect(await revision()).toBeGreaterThan(lostRevision);
    });
  });

  describe('an intent of a former holder', () => {
    it('is put under the present one, so that hosts follow it whatever they have seen', async () => {
      await step({ intent: INTENT });
      const before = (await side.intent())!;
      await side.lease.release(holder.owner, holder.term);
      const second = await lead('srv-2');
      await side.plane.claimIntents(second);
      const claimed = (await side.intent())!;
      expect(claimed).toEqual({ ...before, revision: claimed.revision, term: second.term });
      expect(claimed.revision).toBeGreaterThan(before.revision);
      // It is his already; and the former one has no say.
      await side.plane.claimIntents(second);
      await side.plane.claimIntents({ ...holder, term: second.term + 1 });
      expect(await side.intent()).toEqual(claimed);
    });
  });

  describe('the lease', () => {
    it('is renewed under its term by its holder, and refused to others', async () => {
      expect(await side.lease.acquire('srv-1', TTL, holder.term)).toEqual({ won: true, term: holder.term });
      expect(await side.lease.acquire('srv-2', TTL, 0)).toMatchObject({ won: false });
    });

    it('passes on with a higher term when it is over', async () => {
      await side.lease.release(holder.owner, holder.term);
      const second = await lead('srv-2', 20);
      await side.pass(25);
      const third = await lead('srv-3');
      expect(third.term).toBeGreaterThan(second.term);
      // Too late: that of another is not ended.
      await side.lease.release('srv-2', second.term);
      expect(await side.lease.acquire('srv-4', TTL, 0)).toMatchObject({ won: false });
    });

    it('is taken anew by an owner who does not know that he has it: Redis has brought it back', async () => {
      const again = await side.lease.acquire(holder.owner, TTL, 0);
      expect(again.won).toBe(true);
      expect(again.term).toBeGreaterThan(holder.term);
      expect(await step({}, { owner: holder.owner, term: holder.term })).toBe('not-the-holder');
    });

    it('counts as over where it would last longer than anyone asks for: the clock has jumped back', async () => {
      expect(await side.lease.acquire('srv-2', TTL / 10, 0)).toMatchObject({ won: true });
    });
  });

  describe('a sweep', () => {
    const closed = async (ms: number) => {
      const hold = await holdFor(ms);
      await step({ intent: { ...INTENT, gate: 'closed', drain: true, until: hold.until }, place: [hold] });
      await side.plane.applyPauseFlags(['reports']);
      expect(await side.isPaused('reports')).toBe(true);
    };

    it('opens the gate whose time is over, on the release that the intent names', async () => {
      await closed(30);
      const before = (await revision())!;
      await side.pass(35);
      await side.plane.sweep();
      expect(await side.intent()).toMatchObject({ gate: 'open', drain: false, until: null, release: 'old' });
      expect((await side.intent())!.standby).toBeNull();
      expect(await revision()).toBeGreaterThan(before);
      expect([await side.holds(), await side.isPaused('reports')]).toEqual([[], false]);
      expect((await types()).slice(-2)).toEqual(['hold.lifted', 'gate.opened']);
    });

    it('leaves what is in time, and pauses again what somebody resumed', async () => {
      await closed(TTL);
      await side.plane.sweep();
      expect(await side.intent()).toMatchObject({ gate: 'closed' });
      expect([(await side.holds()).length, await side.isPaused('reports')]).toEqual([1, true]);
    });

    it('leaves a queue paused that was paused before', async () => {
      await side.pause('reports');
      await closed(30);
      await side.pass(35);
      await side.plane.sweep();
      expect([await side.holds(), await side.isPaused('reports')]).toEqual([[], true]);
    });

    it('lifts a hold of a person at its own end only', async () => {
      const now = await side.now();
      const mine = { ...(await holdFor(30)), id: 'hold-2', owner: 'ann' };
      await side.placeHold(mine);
      await side.placeHold({ ...mine, id: 'hold-3', until: iso(now + TTL) });
      await side.pass(35);
      await side.plane.sweep();
      expect((await side.holds()).map(hold => hold.id)).toEqual(['hold-3']);
    });
  });

  describe('a request', () => {
    it('is written for the engine to see, and told', async () => {
      const asked = await side.request(window.id, { kind: 'cancel', by: 'ann' });
      expect(asked).toMatchObject({ version: 2, request: { kind: 'cancel', by: 'ann' } });
      expect((await types()).at(-1)).toBe('window.request');
    });

    it('is refused for another version, and where the phase does not allow it', async () => {
      await expect(side.request(window.id, { kind: 'cancel', by: 'ann' }, 7)).rejects.toThrow(/version 1/);
      await expect(side.request(window.id, { kind: 'abort', by: 'ann' })).rejects.toThrow(/has not begun/);
    });

    it('for more time moves the end', async () => {
      await step({ window: { ...window, phase: 'preparing', endsBy: iso(1_000) } });
      expect(await side.extend(window.id, 500)).toMatchObject({ endsBy: iso(1_500), version: 3 });
    });
  });

  it('knows one window of an app at a time, and lists the open ones in the order in which they begin', async () => {
    const at = Date.parse(window.startsAt);
    await expect(side.createWindow({ ...window, id: 'win-2' })).rejects.toThrow(/win-1/);
    await side.createWindow({ ...window, id: 'win-3', startsAt: iso(at + 1_200_000) });
    await side.createWindow({ ...window, id: 'win-2', startsAt: iso(at + 600_000) });
    expect((await side.plane.openWindows()).map(({ id }) => id)).toEqual(['win-1', 'win-2', 'win-3']);
  });

  it('shows the hosts whose record is not over', async () => {
    const host = (id: string): HostStatus => sampleHost(id);
    await side.reportHost(host('host-b'), TTL);
    await side.reportHost(host('host-a'), TTL);
    await side.reportHost(host('host-c'), 20);
    await side.reportHost(host('host-d'), TTL);
    await side.removeHost(host('host-d'));
    await side.pass(25);
    expect((await side.plane.look(window)).hosts).toEqual([host('host-a'), host('host-b')]);
    const told = (await side.events()) as { type: string; host?: string; reason?: string }[];
    const left = told.filter(event => event.type === 'host.left');
    expect(left.map(({ host, reason }) => [host, reason])).toEqual([
      ['host-d', 'left'],
      ['host-c', 'silent'],
    ]);
  });

  it('keeps what each host said last in a window, also of those that are gone, and all of one that left', async () => {
    const { id } = window;
    const host = (name: string, finished: number, held: number): HostStatus =>
      sampleHost(name, { held, tally: sampleTally({ window: id, inFlight: 5, finished, pauses: [7, 9] }) });
    const words = async () => Object.entries((await side.plane.look(window)).lastWords ?? {}).sort();
    await side.reportHost(host('host-a', 1, 4), 20);
    await side.reportHost(host('host-b', 1, 4), TTL);
    await side.reportHost(host('host-a', 2, 3), 20);
    await side.reportHost(sampleHost('host-c', null), TTL);
    await side.pass(25);
    const word = (finished: number, held: number, pauses: number[]) =>
      expect.objectContaining({ held, tally: sampleTally({ window: id, inFlight: 5, finished, pauses }) });
    expect(await words()).toEqual([
      ['host-a', word(2, 3, [])],
      ['host-b', word(1, 4, [])],
    ]);
    await side.removeHost(host('host-b', 5, 0));
    expect((await side.plane.look(window)).hosts.map(each => each.id)).toEqual(['host-c']);
    expect(await words()).toEqual([
      ['host-a', word(2, 3, [])],
      ['host-b', word(5, 0, [7, 9])],
    ]);
    // Beside the window, not in it; and of another window, or one that was forgotten, nothing is kept.
    expect(await side.window(id)).toEqual(window);
    expect(await side.plane.notes(id)).toEqual({});
    const forgotten = sampleTally({ window: 'win-0' });
    await side.reportHost(sampleHost('host-d', { tally: forgotten }), TTL);
    expect((await words()).map(([name]) => name)).toEqual(['host-a', 'host-b']);
    expect(await side.plane.openWindows()).toEqual([window]);
  });

  it('counts what each queue was given, and keeps the order of what is told', async () => {
    await side.add('reports');
    await side.add('reports');
    expect(await side.plane.intakeCounters(['reports', 'mail'])).toEqual({ reports: 2, mail: 0 });
    await side.plane.tell('window.run', { window: window.id, running: 1 });
    await side.plane.tell('window.run', { window: window.id, running: 0 });
    const told = (await side.events()).slice(-2) as { type: string; running?: number }[];
    expect(told.map(({ type, running }) => [type, running])).toEqual([
      ['window.run', 1],
      ['window.run', 0],
    ]);
  });

  it('forgets nothing of the newest windows', async () => {
    await step({ window: { ...window, phase: 'done', outcome: 'cancelled' } });
    await side.plane.prune('billing');
    expect(await side.window(window.id)).toMatchObject({ outcome: 'cancelled' });
  });
});
