import { describe, expect, it } from 'vitest';
import type { Phase, Window } from '../../src/model/window.js';
import { extended, whyNot } from '../../src/model/window-requests.js';
import { holdOf, intentOf, stands } from '../../src/window/act.js';
import { iso, sampleIntent, sampleWindow, T0, windowIn } from '../support/window-samples.js';

describe('what may be asked of a window', () => {
  const table: [Phase, string[]][] = [
    ['scheduled', ['start', 'cancel', 'extend']],
    ['preparing', ['cancel', 'abort', 'extend']],
    ['draining', ['abort', 'extend']],
    ['swapping', ['extend']],
    ['verifying', ['abort', 'extend']],
    ['resuming', ['extend']],
    ['watching', ['abort', 'end', 'extend']],
    ['done', []],
  ];
  const kinds = ['start', 'cancel', 'abort', 'end', 'extend', 'approve'] as const;
  const allowedIn = (window: Window) => kinds.filter(kind => whyNot(window, kind) === null);
  for (const [phase, allowed] of table) {
    it(`${phase}: ${allowed.join(', ') || 'nothing'}`, () => {
      expect(allowedIn(windowIn(phase, { outcome: phase === 'done' ? 'aborted' : null }))).toEqual(allowed);
    });
  }

  it('a rolling window can go back while it swaps, and none twice', () => {
    expect(allowedIn(windowIn('swapping', { strategy: 'rolling' }))).toEqual(['abort', 'extend']);
    const rollback = { because: 'probe failed', at: iso(T0), from: 'verifying', hadMoved: true } as const;
    const back = windowIn('draining', { rollback });
    expect(allowedIn(back)).toEqual(['extend']);
    expect(whyNot(back, 'abort')).toMatch(/goes back already/);
  });

  describe('where it is held', () => {
    const held = windowIn('done', {
      outcome: 'held',
      held: {
        since: iso(T0),
        phase: 'swapping',
        reason: 'nobody knows whether hook migrate was done',
        task: 'migrate',
        choices: [
          { choice: 'retry', does: 'does hook migrate again' },
          { choice: 'go-back', does: 'goes back to old' },
        ],
        until: iso(T0 + 60_000),
      },
    });

    it('only one of the choices is', () => {
      expect(allowedIn(held)).toEqual([]);
      expect(whyNot(held, 'end', { choice: 'retry' })).toBeNull();
      expect(whyNot(held, 'end')).toMatch(/retry \(does hook migrate again\), go-back \(goes back to old\)/);
      expect(whyNot(held, 'end', { choice: 'release' })).toMatch(/does not offer release/);
      expect(whyNot(held, 'abort')).toMatch(/held and cannot abort: end it with/);
      expect(whyNot(held, 'extend')).toMatch(/cannot extend: its time does not run meanwhile; end it with/);
    });

    it('a window that is not takes no choice', () => {
      expect(whyNot(windowIn('watching'), 'end', { choice: 'go-on' })).toMatch(/not held/);
    });
  });

  describe('where a second person has to agree', () => {
    const window = sampleWindow({ requiresApproval: true });

    it('it cannot start before', () => {
      expect(allowedIn(window)).toEqual(['cancel', 'extend', 'approve']);
      expect(allowedIn({ ...window, approvedBy: 'ada' })).toEqual(['start', 'cancel', 'extend']);
    });

    it('only another one may, once, before it begins', () => {
      expect(whyNot(window, 'approve', { by: 'ada' })).toBeNull();
      expect(whyNot(window, 'approve', { by: 'ops' })).toMatch(/declared by ops: another person/);
      expect(whyNot({ ...window, approvedBy: 'ada' }, 'approve', { by: 'eve' })).toMatch(/already, by ada/);
      expect(whyNot(windowIn('preparing', { requiresApproval: true }), 'approve')).toMatch(/has begun/);
      expect(whyNot(sampleWindow(), 'approve', { by: 'ada' })).toMatch(/needs no approval/);
    });
  });

  it('says what to do instead', () => {
    expect(whyNot(windowIn('draining'), 'cancel')).toMatch(/abort it instead/);
    expect(whyNot(windowIn('scheduled'), 'abort')).toMatch(/cancel it instead/);
    expect(whyNot(windowIn('swapping'), 'abort')).toMatch(/swap has begun/);
    expect(whyNot(windowIn('done', { outcome: 'completed', routedAt: iso(T0) }), 'abort')).toMatch(
      /over \(completed\)/,
    );
  });

  it('moves the deadline of the drain and the end together', () => {
    expect(extended(windowIn('draining'), 30_000)).toMatchObject({
      drainTimeoutMs: 90_000,
      drainDeadline: iso(T0 + 90_000),
      endsBy: iso(T0 + 630_000),
    });
    expect(extended(windowIn('swapping'), 30_000)).toMatchObject({
      drainDeadline: iso(T0 + 60_000),
      endsBy: iso(T0 + 630_000),
    });
  });
});

describe('what hosts are told in each phase', () => {
  it('keeps the old release at work while hosts prepare', () => {
    expect(intentOf(windowIn('preparing'))).toMatchObject({
      release: 'old',
      standby: 'new',
      gate: 'open',
      proofRound: 1,
    });
    expect(holdOf(windowIn('preparing'))).toBeNull();
  });

  it('closes the gate until the end of the window while draining and swapping', () => {
    expect(intentOf(windowIn('draining'))).toMatchObject({
      release: 'old',
      gate: 'closed',
      drain: true,
      until: iso(T0 + 600_000),
    });
    expect(intentOf(windowIn('draining', { arriveAt: iso(T0 + 5_000) }))).toMatchObject({
      gate: 'open',
      drain: true,
      until: iso(T0 + 600_000),
    });
    const swapping = windowIn('swapping', { running: 'new' });
    swapping.phases.unshift({ phase: 'draining', at: iso(T0 - 1), ms: 1, because: '' });
    expect(intentOf(swapping)).toMatchObject({ release: 'new', gate: 'closed', drain: false });
    expect(holdOf(swapping)).toMatchObject({
      owner: 'window:win-1',
      until: iso(T0 + 600_000),
      queues: ['reports'],
    });
  });

  it('opens on the new release, and after an abort on the old one', () => {
    expect(intentOf(windowIn('resuming'))).toMatchObject({ release: 'new', gate: 'open', until: null });
    expect(intentOf(windowIn('done', { outcome: 'aborted' }))).toMatchObject({
      window: null,
      release: 'old',
      gate: 'open',
    });
    expect(intentOf(windowIn('done', { outcome: 'completed', routedAt: iso(T0) }))).toMatchObject({
      window: null,
      release: 'new',
    });
  });

  it('says nothing for a window that never began', () => {
    expect(intentOf(sampleWindow())).toBeNull();
    expect(intentOf(sampleWindow({ phase: 'done', outcome: 'cancelled' }))).toBeNull();
  });

  it('notices when the stored end is not that of the window any more', () => {
    const window = windowIn('draining');
    const hold = holdOf(window)!;
    const intent = sampleIntent({ ...intentOf(window)! });
    expect(stands(window, intent, [hold])).toBe(true);
    expect(stands(window, intent, [])).toBe(false);
    expect(stands(extended(window, 1_000), intent, [hold])).toBe(false);
    expect(stands(window, { ...intent, gate: 'open' }, [hold])).toBe(false);
  });
});
