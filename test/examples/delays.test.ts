import { join } from 'node:path';
import { runJob } from 'slackwater/testing';
import { expect, test } from 'vitest';
import { delays as broken } from '../../demo/releases/broken/delays.js';
import { delays as version2 } from '../../demo/releases/v2/delays.js';
import { rowGroups } from '../../jobs/_flights.js';
import delays from '../../jobs/delays.js';
import { tempDir } from '../support/temp-dir.js';
import { FLIGHTS, itemsIn } from './flights.js';

const slice = { file: FLIGHTS, from: 1_000, to: 1_450, block: 100 };

test('means by airport are right', async () => {
  const { result, checkpoints } = await runJob(delays, { ...slice, to: 1_005 });
  expect(Object.keys(result)).toEqual(Object.keys(result).sort());
  expect(checkpoints).toBe(1);
  const { result: whole } = await runJob(delays, { ...slice, block: 1_000 });
  const { result: inBlocks } = await runJob(delays, slice);
  expect(inBlocks).toEqual(whole);
});

test('an interruption at any checkpoint changes nothing', async () => {
  const { checkpoints } = await runJob(delays, slice).interruptEverywhere();
  expect(checkpoints).toBe(5);
  await runJob(version2, slice).interruptEverywhere();
});

test('blocks that reach from one row group into the next are whole', async () => {
  const [first] = await rowGroups(FLIGHTS);
  const across = { ...slice, from: first!.to - 150, to: first!.to + 150 };
  const { result } = await runJob(delays, { ...across, block: 300 });
  expect((await runJob(delays, across)).result).toEqual(result);
});

test('a yield repeats no item', async () => {
  const ledger = join(tempDir(), 'ledger.jsonl');
  const { yields } = await runJob(delays, { ...slice, ledger }).yieldAt(1, 2, 4);
  expect(yields).toBe(3);
  expect(itemsIn(ledger)).toEqual(['1000', '1100', '1200', '1300', '1400']);
});

test('version 2 goes on where version 1 stopped, at any checkpoint', async () => {
  const { result } = await runJob(delays, slice);
  for (let at = 1; at <= 5; at++) {
    const ledger = join(tempDir(), 'ledger.jsonl');
    const swapped = await runJob(delays, { ...slice, ledger }).swapTo(version2, at);
    expect(swapped.result).toEqual(result);
    expect(itemsIn(ledger)).toHaveLength(5);
  }
});

test('version 1 goes on where version 2 stopped: the way back is real', async () => {
  const { result, states } = await runJob(version2, slice).yieldAt(2, 3, 4);
  expect(states.length).toBeGreaterThanOrEqual(3);
  for (const now of states) {
    const state = version2.checkpoint!.downgrade[2]!(now) as never;
    expect((await runJob(delays, slice, { state })).result).toEqual(result);
  }
});

test('a release that renamed a field of the state is refused with its path', async () => {
  await expect(runJob(delays, slice).swapTo(broken, 2)).rejects.toThrow('/position');
});
