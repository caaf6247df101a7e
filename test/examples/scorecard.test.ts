import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runJob } from 'slackwater/testing';
import { expect, test } from 'vitest';
import scorecard from '../../jobs/scorecard.js';
import { tempDir } from '../support/temp-dir.js';
import { FLIGHTS, itemsIn } from './flights.js';

function slice() {
  const dir = tempDir();
  return { file: FLIGHTS, to: 3_000, board: join(dir, 'board.jsonl'), ledger: join(dir, 'ledger.jsonl') };
}

test('extracts, scores and publishes once', async () => {
  const payload = slice();
  const { result, steps } = await runJob(scorecard, payload, { runId: 'run-1' });
  expect(Object.keys(steps)).toEqual(['extract', 'score', 'publish']);
  expect(itemsIn(payload.ledger)).toEqual(['extract', 'score', 'publish']);
  const published = JSON.parse(readFileSync(payload.board, 'utf8'));
  expect(published.run).toBe('run-1');
  expect(published.best[0].airport).toBe(result.best);
});

test('an interruption between any two steps changes nothing', async () => {
  await runJob(scorecard, slice()).interruptEverywhere();
});

test('a yield between steps repeats none', async () => {
  const payload = slice();
  const { checkpoints } = await runJob(scorecard, slice());
  const points = Array.from({ length: checkpoints }, (_, i) => i + 1);
  await runJob(scorecard, payload).yieldAt(...points);
  expect(itemsIn(payload.ledger)).toEqual(['extract', 'score', 'publish']);
});
