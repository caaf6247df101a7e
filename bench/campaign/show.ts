import { OUTCOMES } from '../../src/model/window.js';
import { aligned } from '../support/table.js';
import type { Account } from './account.js';

/** So many findings of each kind are printed; the JSON has all. */
const SHOWN = 8;

export function showAccount(account: Account): string {
  const { seed, minutes, redis, accepted, finished, starts, items, again, unconfirmed, zeros, faults, held } =
    account;
  const number = (value: number) => value.toLocaleString('en-US');
  const zeroRows = zeros.map(({ what, found }) => [
    what,
    number(found.length),
    found.length === 0 ? '✓' : '✗',
  ]);
  const faultRows = Object.entries(faults).map(([kind, count]) => [kind, number(count)]);
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return [
    '',
    `campaign of ${minutes} min, seed ${seed}, Redis ${redis}`,
    '',
    ...aligned([
      ['runs', ''],
      ['accepted', number(accepted)],
      ['finished', number(finished)],
      ['starts', number(starts)],
      ['items', number(items)],
      ['of them again, not sure before', number(again)],
      ['commits confirmed late', number(unconfirmed)],
    ]),
    '',
    ...aligned([['must be zero', '', ''], ...zeroRows]),
    '',
    ...aligned([['faults survived', number(total)], ...faultRows]),
    '',
    ...aligned(windowRows(account)),
    `  held for a person on the way: ${held}`,
    '',
    ...zeros.flatMap(({ what, found }) => found.slice(0, SHOWN).map(text => `✗ ${what}: ${text}`)),
    account.good ? '✓ nothing lost, nothing done twice, nothing left behind' : '',
  ].join('\n');
}

function windowRows({ windows }: Account): string[][] {
  const seen = [...OUTCOMES, 'not ended'].filter(outcome => Object.values(windows).some(row => row[outcome]));
  const rows = Object.entries(windows)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, row]) => [what, ...seen.map(outcome => String(row[outcome] ?? ''))]);
  return [['windows', ...seen], ...rows];
}
