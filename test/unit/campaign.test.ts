import { describe, expect, test } from 'vitest';
import { judge } from '../../bench/campaign/audit/ledger.js';
import type { Line } from '../../bench/campaign/audit/line.js';
import { planFaults } from '../../bench/campaign/plan-faults.js';
import { planWindows } from '../../bench/campaign/plan-windows.js';
import { Random } from '../simulation/random.js';

describe('a campaign', () => {
  test('plans the same faults and windows for the same seed, others for another', () => {
    const plan = (seed: number) => {
      const windows = planWindows(new Random(seed));
      return {
        faults: planFaults(new Random(seed), 600_000),
        windows: Array.from({ length: 50 }, () => windows.next().value),
      };
    };
    expect(plan(7)).toEqual(plan(7));
    expect(plan(8).faults).not.toEqual(plan(7).faults);
    expect(plan(8).windows).not.toEqual(plan(7).windows);
    expect(plan(7).faults.every(({ at }) => at < 600_000)).toBe(true);
  });

  test('finds nothing in the ledger of a run that was interrupted and went on', () => {
    const found = judge([
      start(1, 0),
      begin(1, 0),
      sure(1, 0),
      begin(1, 1),
      start(3, 1),
      begin(3, 1),
      sure(3, 1),
    ]);
    expect(findings(found)).toEqual([]);
    expect(found).toMatchObject({ starts: 2, items: 3 });
  });

  test.each<[what: string, lines: Line[], found: string[]]>([
    [
      'an item begun again after it was sure',
      [start(1, 0), begin(1, 0), sure(1, 0), begin(2, 0)],
      ['repeated'],
    ],
    [
      'a step done again after it was sure',
      [begin(1, 'seed'), sure(1, 'seed', 1), begin(2, 'seed')],
      ['twice'],
    ],
    ['a step kept with two results', [sure(1, 'seed', 1), sure(2, 'seed', 2)], ['twice']],
    ['a checkpoint that went back', [start(1, 0), sure(1, 0), sure(1, 1), start(2, 1)], ['back']],
    ['an older fence that works on', [start(1, 0), start(2, 0), begin(1, 0)], ['together']],
    ['an attempt that was spent', [{ ...start(1, 0), attempt: 2 }], ['attempts']],
  ])('finds %s', (_, lines, expected) => {
    expect(findings(judge(lines))).toEqual(expected);
  });
});

const KINDS = ['repeated', 'twice', 'back', 'together', 'attempts'] as const;
const findings = (found: ReturnType<typeof judge>) => KINDS.filter(kind => found[kind].length > 0);

const of = (fence: number) => ({ run: 'run-1', fence, at: 0 });
const start = (fence: number, next: number) =>
  ({ t: 'start', ...of(fence), attempt: 1, release: 'rel', next }) as const;
const begin = (fence: number, what: number | string): Line => ({ t: 'begin', ...of(fence), what });
const sure = (fence: number, what: number | string, value?: unknown): Line => ({
  t: 'sure',
  ...of(fence),
  what,
  value,
});
