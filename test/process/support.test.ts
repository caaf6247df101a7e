import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/process-tree.js';
import { spawnNode } from '../support/processes.js';
import { useStore } from '../support/store.js';

const script = (text: string) => spawnNode(['-e', text]);

it('waits for a line on either stream, printed before or after it is asked for', async () => {
  const child = script(`console.log('one 1'); console.error('two 2'); process.stdin.resume();`);
  expect((await child.line(/^two (\d)/))[1]).toBe('2');
  expect((await child.line(/^one (\d)/))[1]).toBe('1');
  expect((await child.exit).code).toBe(0);
});

it('fails with all the output when the line does not come', async () => {
  const ended = script(`console.log('seen'); console.error('also seen')`);
  await expect(ended.line(/never/)).rejects.toThrow(/ended without[\s\S]*seen[\s\S]*also seen/);
  const silent = script(`console.log('seen'); setInterval(() => {}, 1e6)`);
  await silent.line(/seen/);
  await expect(silent.line(/never/, { timeout: 50 })).rejects.toThrow(/within 50 ms[\s\S]*seen/);
});

it('leaves lines before a mark out', async () => {
  const child = script(
    `console.log('tick'); process.on('SIGUSR2', () => console.log('tick again')); setInterval(() => {}, 1e6)`,
  );
  await child.line(/tick/);
  const mark = child.mark();
  child.kill('SIGUSR2');
  expect((await child.line(/tick.*/, { after: mark }))[0]).toBe('tick again');
});

it('sees the children of a process, and that they end', async () => {
  const parent = script(`
    const child = require('node:child_process').spawn('sleep', ['1000']);
    console.log('started', child.pid);
    process.on('SIGTERM', () => { child.kill(); process.exit(0); });`);
  const [, pid] = await parent.line(/^started (\d+)/);
  expect(parent.children().map(child => child.pid)).toContain(Number(pid));
  parent.kill();
  await parent.exit;
  await eventually(() => !isAlive(Number(pid)), { what: 'the end of the child' });
});

it('says what it last saw when a condition does not hold', async () => {
  await expect(eventually(() => 0, { timeout: 30, what: 'a number' })).rejects.toThrow(
    'a number did not hold within 30 ms: the last value was 0',
  );
});

it('gives each test its own keys', async () => {
  const [one, two] = [useStore(), useStore()];
  await one.redis.set(one.keys.apps, '1');
  expect(await two.redis.get(two.keys.apps)).toBeNull();
});
