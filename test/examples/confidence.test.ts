import { join } from 'node:path';
import { runJob } from 'slackwater/testing';
import { expect, test } from 'vitest';
import confidence from '../../jobs/confidence.js';
import { tempDir } from '../support/temp-dir.js';
import { FLIGHTS, itemsIn } from './flights.js';

const slice = { file: FLIGHTS, airport: 'ORD', to: 2_000, rounds: 95, seed: 7 };

test('an interruption at any checkpoint changes nothing, the generator goes on where it was', async () => {
  const { result, checkpoints } = await runJob(confidence, slice).interruptEverywhere();
  expect(checkpoints).toBe(5);
  expect(result.low).toBeLessThan(result.high);
});

test('another seed draws other samples', async () => {
  const { state } = await runJob(confidence, slice);
  const { state: other } = await runJob(confidence, { ...slice, seed: 8 });
  expect(other).not.toEqual(state);
});

test('a yield repeats no batch', async () => {
  const ledger = join(tempDir(), 'ledger.jsonl');
  await runJob(confidence, { ...slice, ledger }).yieldAt(2, 3);
  expect(itemsIn(ledger)).toEqual(['0', '20', '40', '60', '80']);
});

test('an airport without flights is named', async () => {
  await expect(runJob(confidence, { ...slice, airport: 'XYZ' })).rejects.toThrow('no flight leaves XYZ');
});
