import { afterAll } from 'vitest';
import { eventually } from './eventually.js';
import { descendants } from './process-tree.js';

// The compiler that bundles releases keeps one helper process, which ends with us.
const EXPECTED = /esbuild.*--service/;

// Registered first, hence run last: after the cleanup of everything that the file used.
afterAll(async () => {
  const left = () => descendants(process.pid).filter(each => !EXPECTED.test(each.command));
  await eventually(() => left().length === 0, {
    timeout: 5_000,
    what: 'an end of all child processes',
  }).catch(() => {
    const found = left();
    for (const { pid } of found) process.kill(pid, 'SIGKILL');
    const list = found.map(({ pid, command }) => `  ${pid} ${command}`).join('\n');
    throw new Error(`this file leaves processes behind:\n${list}`);
  });
});
