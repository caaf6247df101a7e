import { join } from 'node:path';
import { runJob } from 'slackwater/testing';
import { expect, test } from 'vitest';
import airports from '../../jobs/airports.js';
import { tempDir } from '../support/temp-dir.js';
import { FLIGHTS, itemsIn } from './flights.js';

test('is one piece: no checkpoint, one effect', async () => {
  const ledger = join(tempDir(), 'ledger.jsonl');
  const { result, checkpoints, starts } = await runJob(airports, {
    file: FLIGHTS,
    to: 5_000,
    ledger,
  }).yieldAt(1);
  expect(result.airports).toBeGreaterThan(100);
  expect(result.busiest).toMatch(/^[A-Z]{3}$/);
  expect({ checkpoints, starts }).toEqual({ checkpoints: 0, starts: 1 });
  expect(itemsIn(ledger)).toEqual(['all']);
});

test('no flights, no airports', async () => {
  const { result } = await runJob(airports, { file: FLIGHTS, to: 0 });
  expect(result).toEqual({ airports: 0, busiest: null });
});
