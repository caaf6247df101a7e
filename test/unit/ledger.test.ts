import { expect, test } from 'vitest';
import { continuations, type Effect, standstills } from '../process/support/ledger.js';

/** Items of one start, one a ms. */
const start = (run: string, fence: number, from: number, to: number, atMs: number): Effect[] =>
  Array.from({ length: to - from }, (_, i) => ({
    run,
    item: from + i,
    attempt: 1,
    fence,
    release: 'v1',
    pid: 1,
    at: String((atMs + i) * 1_000_000),
  }));

test('each start is held against the one before it', () => {
  const effects = [
    ...start('a', 2, 0, 10, 100),
    ...start('b', 1, 0, 10, 100),
    ...start('a', 10, 7, 12, 200),
    ...start('a', 11, 12, 20, 300),
    ...start('b', 3, 0, 20, 200),
  ];
  expect(continuations(effects)).toEqual([
    { run: 'a', fence: 10, before: { first: 0, items: 10 }, first: 7, backMs: 2 },
    { run: 'a', fence: 11, before: { first: 7, items: 5 }, first: 12, backMs: 0 },
    { run: 'b', fence: 3, before: { first: 0, items: 10 }, first: 0, backMs: 9 },
  ]);
});

test('all stand still where every start has ended and none has begun', () => {
  const effects = [
    ...start('a', 1, 0, 100, 0),
    ...start('b', 1, 0, 20, 50),
    // It goes on elsewhere while the first one computes, and alone from there on.
    ...start('b', 2, 20, 60, 80),
    ...start('a', 2, 100, 110, 150),
  ];
  expect(standstills(effects)).toEqual([150 - 119]);
  expect(standstills(effects.slice(0, 160))).toEqual([]);
});
