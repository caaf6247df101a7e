import { join } from 'node:path';
import { runJob } from 'slackwater/testing';
import { expect, test } from 'vitest';
import { readFlights } from '../../jobs/_flights.js';
import routes from '../../jobs/routes.js';
import { tempDir } from '../support/temp-dir.js';
import { FLIGHTS, itemsIn } from './flights.js';

function slice() {
  const dir = tempDir();
  return { file: FLIGHTS, to: 2_500, part: 1_000, dir: join(dir, 'work'), ledger: join(dir, 'ledger.jsonl') };
}

test('sort and uniq count as a plain loop does', async () => {
  const payload = slice();
  const { result } = await runJob(routes, payload);
  const counts = new Map<string, number>();
  for await (const { flights } of readFlights(FLIGHTS, ['origin', 'destination'], { to: 2_500 })) {
    for (const { origin, destination } of flights) {
      const route = `${origin}-${destination}`;
      counts.set(route, (counts.get(route) ?? 0) + 1);
    }
  }
  expect(result).toHaveLength(10);
  for (const { route, flights } of result) expect(counts.get(route!)).toBe(flights);
  expect(result[0]!.flights).toBe(Math.max(...counts.values()));
  expect(itemsIn(payload.ledger)).toEqual(['0', '1000', '2000']);
});

test('an interruption between any two parts changes nothing', async () => {
  const { checkpoints } = await runJob(routes, slice()).interruptEverywhere();
  expect(checkpoints).toBeGreaterThanOrEqual(2);
});

test('a yield between two parts repeats none', async () => {
  const payload = slice();
  await runJob(routes, payload).yieldAt(1, 2);
  expect(itemsIn(payload.ledger)).toEqual(['0', '1000', '2000']);
});
