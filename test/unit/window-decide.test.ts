import { describe, expect, it } from 'vitest';
import { decide } from '../../src/window/decide.js';
import { factsOf, LIMITS } from '../../src/window/facts.js';
import { TRANSITIONS } from '../../src/window/transitions.js';
import { iso, sampleHost, sampleIntent, T0, windowIn } from '../support/window-samples.js';
import { BACK_CASES } from './window-cases/back.js';
import { HELD_CASES } from './window-cases/held.js';
import { SIDE_BY_SIDE_CASES } from './window-cases/side-by-side.js';
import { STOP_CASES } from './window-cases/stop.js';
import { TASK_CASES } from './window-cases/tasks.js';

const CASES = [...STOP_CASES, ...TASK_CASES, ...BACK_CASES, ...HELD_CASES, ...SIDE_BY_SIDE_CASES];

describe('decide', () => {
  for (const { when, window, hosts = [], seen, at = T0, ...expected } of CASES) {
    const { to, outcome } = expected;
    const name = to ? `goes to ${to}${outcome ? ` (${outcome})` : ''}` : 'waits';
    it(`${window.phase}: ${name} when ${when}`, () => {
      const observation = { intent: sampleIntent(), hosts, busy: null, ...seen };
      const decision = decide(window, observation, at);
      if (!to) return expect(decision).toBeNull();
      expect(decision?.window).toMatchObject({ phase: to, outcome: outcome ?? null, ...expected.set });
      if (expected.because) expect(decision?.because).toMatch(expected.because);
      if (outcome && window.phase !== 'done') expect(decision?.window.summary).toBe(decision?.because);
    });
  }

  it('has a case for every way in the table', () => {
    const taken = new Set(
      CASES.map(({ window, hosts = [], seen, at = T0 }) => {
        const facts = factsOf(window, { intent: sampleIntent(), hosts, busy: null, ...seen }, at, LIMITS);
        return TRANSITIONS.findIndex(({ from, when }) => from === window.phase && when(facts));
      }),
    );
    const never = TRANSITIONS.filter((_, i) => !taken.has(i));
    expect(
      never.map(({ from, to, outcome, when }) => `${from} → ${to} ${outcome ?? ''} when ${when}`),
    ).toEqual([]);
  });

  it('closes the entry of a phase with its length and keeps the reason of the next', () => {
    const decision = decide(
      windowIn('draining'),
      { intent: sampleIntent(), hosts: [sampleHost('a')], busy: null },
      T0 + 1_234,
    );
    expect(decision?.window.phases).toEqual([
      { phase: 'draining', at: iso(T0), ms: 1_234, because: 'test' },
      { phase: 'swapping', at: iso(T0 + 1_234), ms: null, because: decision?.because },
    ]);
  });
});
