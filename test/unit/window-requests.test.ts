import { describe, expect, it } from 'vitest';
import type { Phase } from '../../src/model/window.js';
import { extended, whyNot } from '../../src/model/window-requests.js';
import { holdOf, intentOf, stands } from '../../src/window/act.js';
import { iso, sampleIntent, sampleWindow, T0, windowIn } from '../support/window-samples.js';

describe('what may be asked of a window', () => {
  const table: [Phase, string[]][] = [
    ['scheduled', ['start', 'cancel', 'extend']],
    ['preparing', ['cancel', 'abort', 'extend']],
    ['draining', ['abort', 'extend']],
    ['swapping', ['extend']],
    ['resuming', ['extend']],
    ['done', []],
  ];
  for (const [phase, allowed] of table) {
    it(`${phase}: ${allowed.join(', ') || 'nothing'}`, () => {
      const window = windowIn(phase, { outcome: phase === 'done' ? 'aborted' : null });
      const kinds = ['start', 'cancel', 'abort', 'extend'] as const;
      expect(kinds.filter(kind => whyNot(window, kind) === null)).toEqual(allowed);
    });
  }

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
    const swapping = windowIn('swapping');
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
