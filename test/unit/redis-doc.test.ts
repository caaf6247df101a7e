import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { environmentNames } from '../../src/config/environment.js';
import { loadConfig } from '../../src/config/load.js';
import { troubleOf } from '../../src/store/trouble.js';
import { ROOT } from '../support/processes.js';

const page = readFileSync(`${ROOT}docs/redis.md`, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'slackwater-doc-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('docs/redis.md', () => {
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);

  it('shows settings', () => expect(blocks.length).toBeGreaterThan(2));

  it.each(blocks)('shows what can be loaded:\n%s', text => {
    const file = join(folder, 'slackwater.yaml');
    writeFileSync(file, text);
    expect(() => loadConfig({ file, env: {} })).not.toThrow();
  });

  it('names settings that there are', () => {
    const known = new Set(environmentNames().values());
    const named = [...page.matchAll(/`((?:redis|host|limits|window)\.\w+)`/g)].map(([, path]) => path!);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(path => !known.has(path))).toEqual([]);
  });

  it.each([
    "OOM command not allowed when used memory > 'maxmemory'. script: ab12, on @user_script:1.",
    "ERR Error running script (call to f_ab12): @user_script:3: @user_script: 3: -READONLY You can't write against a read only replica.",
    'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk.',
    'NOREPLICAS Not enough good replicas to write.',
    'LOADING Redis is loading the dataset in memory',
    'CLUSTERDOWN The cluster is down',
    'Connection is closed.',
  ])('tells what producers are told of: %s', answer => {
    const { text } = troubleOf(new Error(answer))!;
    const told = page.split('\n').filter(line => line.startsWith('| '));
    expect(told.some(row => row.split(' | ').some(cell => cell.length > 20 && text.startsWith(cell)))).toBe(
      true,
    );
  });
});

it('takes other errors for what they are', () => {
  expect(
    troubleOf(new Error('WRONGTYPE Operation against a key holding the wrong kind of value')),
  ).toBeNull();
  expect(troubleOf('a text')).toBeNull();
  const transaction = Object.assign(
    new Error('EXECABORT Transaction discarded because of previous errors.'),
    {
      previousErrors: [new Error('OOM command not allowed')],
    },
  );
  expect(troubleOf(transaction)?.kind).toBe('full');
});
