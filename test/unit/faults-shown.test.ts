import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ROOT } from '../support/processes.js';

const rows = readFileSync(`${ROOT}test/process/README.md`, 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| ') && !/^\| (---|fault|claim) /.test(line))
  .map(line => line.slice(2, -2).split(' | '));

it.each(rows.map(cells => [cells[0]!, cells.at(-1)!]))('%s: its tests are there', (_, shownBy) => {
  for (const one of shownBy.split('<br>')) {
    const [, file, title] = /^`([\w/.-]+\.test\.ts)` (.+)$/.exec(one) ?? [];
    expect(file, one).toBeDefined();
    const path = `${ROOT}test/${file}`;
    expect(existsSync(path), `${path} is not there`).toBe(true);
    expect(titlesIn(readFileSync(path, 'utf8')), `no test in ${file} is called`).toContain(title);
  }
});

/** What stands in quotes, one after the other: titles are among it, in parts where they are made up. */
const titlesIn = (source: string): string =>
  [...source.matchAll(/'([^'\n]*)'|`([^`\n]*)`/g)].map(([, plain, made]) => plain ?? made).join('\n');
