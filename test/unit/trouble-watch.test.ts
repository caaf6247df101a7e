import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { SlackwaterError } from '../../src/platform/errors.js';
import { createKeys } from '../../src/store/keys.js';
import type { Store } from '../../src/store/redis.js';
import { TroubleWatch } from '../../src/store/trouble-watch.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { heardLog } from '../support/heard-log.js';

const FULL = new Error("OOM command not allowed when used memory > 'maxmemory'.");
const REPLICA = new Error("READONLY You can't write against a read only replica.");

/** A Redis that answers each write by what `redis.refuses` says at that moment. */
function watched() {
  const redis = Object.assign(new EventEmitter(), {
    status: 'ready',
    refuses: null as Error | null,
    async setrange() {
      if (redis.refuses) throw redis.refuses;
    },
  });
  const clock = new FakeClock(0);
  const { log, lines } = heardLog();
  const store = { redis, keys: createKeys() } as unknown as Store;
  const trouble = new TroubleWatch(store, log, { full: 'some wait', others: 'all wait' }, clock);
  /** So many looks. */
  const look = async (times: number) => {
    for (let i = 0; i < times; i++) {
      clock.advance(1_000);
      await new Promise(resolve => setImmediate(resolve));
    }
  };
  return { redis, clock, lines, trouble, look };
}

test('a trouble of Redis is one line however many acts it stops, and one when a write is taken again', async () => {
  const { redis, lines, trouble, look } = watched();
  redis.refuses = FULL;
  for (let i = 0; i < 100; i++) trouble.failed(FULL, 'a start failed');
  await look(5);
  trouble.failed(FULL, 'a start failed');
  expect(lines).toEqual([
    {
      level: 'warn',
      text: expect.stringMatching(/^Redis is out of memory: raise .*\. Meanwhile some wait$/),
    },
  ]);
  redis.refuses = null;
  await look(5);
  expect(lines).toHaveLength(1);
  await look(1);
  expect(lines.slice(1)).toEqual([{ level: 'warn', text: 'Redis takes writes again, after 6.0s' }]);
});

test('a Redis at the edge of full, which takes one write and refuses the next, is two lines and not one a second', async () => {
  const { lines, trouble, look } = watched();
  for (let i = 0; i < 120; i++) {
    trouble.failed(FULL, 'a start failed');
    await look(1);
  }
  await look(10);
  expect(lines.map(({ text }) => text)).toEqual([
    expect.stringMatching(/out of memory/),
    'Redis takes writes again, after 2m00s',
  ]);
});

test('a trouble that comes and goes is told once a minute, with how often it came', async () => {
  const { redis, lines, trouble, look } = watched();
  for (let i = 0; i < 9; i++) {
    trouble.failed(FULL, 'a start failed');
    await look(10);
  }
  expect(lines.map(({ text }) => text)).toEqual([
    expect.stringMatching(/out of memory/),
    'Redis takes writes again, after 1.0s',
    expect.stringMatching(/out of memory.* \(and 5 more times in between\)\. Meanwhile some wait$/),
    'Redis takes writes again, after 1.0s',
  ]);
  // One that came back and stays is told when the minute is over.
  redis.refuses = FULL;
  trouble.failed(FULL, 'a start failed');
  await look(60);
  expect(lines.slice(4)).toEqual([expect.objectContaining({ text: expect.stringMatching(/and 2 more/) })]);
});

test('a Redis that is away for others, while our own connection has it, is told if that lasts', async () => {
  const { lines, trouble, look } = watched();
  const lost = new Error('Connection is closed.');
  trouble.failed(lost, 'the engine could not look');
  await look(2);
  trouble.failed(lost, 'the engine could not look');
  await look(10);
  expect(lines).toEqual([]);
  for (let i = 0; i < 5; i++) {
    trouble.failed(lost, 'the engine could not look');
    await look(2);
  }
  expect(lines).toEqual([{ level: 'warn', text: expect.stringMatching(/cannot be reached.*all wait$/) }]);
  await look(10);
  expect(lines.slice(1)).toEqual([{ level: 'warn', text: 'Redis takes writes again, after 9.0s' }]);
});

test('a connection that is made anew within a second is not told; one that stays away is, once', async () => {
  const { redis, lines, look } = watched();
  redis.emit('reconnecting');
  await look(10);
  expect(lines).toEqual([]);
  redis.status = 'reconnecting';
  redis.emit('reconnecting');
  await look(3);
  redis.emit('reconnecting');
  expect(lines).toEqual([{ level: 'warn', text: expect.stringMatching(/cannot be reached.*all wait$/) }]);
  redis.status = 'ready';
  await look(10);
  expect(lines.at(-1)!.text).toBe('Redis takes writes again, after 4.0s');
});

test('a replica, whose connection looks for the master each second, is told once', async () => {
  const { redis, lines, trouble, look } = watched();
  redis.refuses = REPLICA;
  for (let i = 0; i < 10; i++) {
    trouble.failed(REPLICA, 'a save failed');
    redis.emit('reconnecting');
    trouble.failed(new Error('Connection is closed.'), 'a save failed');
    await look(1);
  }
  expect(lines).toEqual([{ level: 'warn', text: expect.stringMatching(/read-only replica: point/) }]);
});

test('what is to be expected is a line without a stack, a fault of ours has one, and neither comes each second', () => {
  const { clock, lines, trouble } = watched();
  for (let i = 0; i < 10; i++) {
    trouble.failed(new SlackwaterError('not-found', 'there is no release r1'), 'it could not be fetched');
    trouble.failed(new TypeError('x is not a function'), 'it could not be read');
    clock.advance(1_000);
  }
  expect(lines).toEqual([
    { level: 'warn', text: 'it could not be fetched: there is no release r1' },
    {
      level: 'error',
      text: 'it could not be read',
      stack: expect.stringMatching(/x is not a function\n +at /),
    },
  ]);
  clock.advance(60_000);
  trouble.failed(new TypeError('x is not a function'), 'it could not be read');
  expect(lines.at(-1)).toMatchObject({ text: 'it could not be read (and 9 more times in between)' });
});

test('a service that stops says nothing of the connection that it closes', async () => {
  const { redis, lines, trouble, look } = watched();
  redis.status = 'end';
  trouble.failed(new Error('Connection is closed.'), 'a report');
  trouble.stop();
  await look(3);
  expect(lines).toEqual([]);
});
