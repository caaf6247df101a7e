import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { windowBody } from '../../src/cli/window-body.js';
import { HOOK_TIMES } from '../../src/model/task.js';
import { CHOICES, OUTCOMES, PHASES, STRATEGIES } from '../../src/model/window.js';
import { type TestApi, useApi } from '../support/api.js';
import { ROOT } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';

const document = readFileSync(`${ROOT}docs/windows.md`, 'utf8');
const rows = document.split('\n').filter(line => line.startsWith('| '));
/** Whether a row begins with it. */
const isTold = (name: string) => rows.some(row => row.split(' | ', 1)[0]!.includes(`\`${name}\``));
const blocks = (language: string) =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, text = '']) => text,
  );

describe('docs/windows.md', () => {
  let t: TestApi;
  // biome-ignore lint/suspicious/noExplicitAny: a document of others' shape
  let fields: any;
  let release: string;

  beforeAll(async () => {
    t = await useApi();
    const day = {
      type: 'object',
      properties: { day: { type: 'string', format: 'date' } },
      required: ['day'],
    };
    await t.release([{ name: 'rates.check', payloadSchema: day }]);
    release = (
      await t.release([{ name: 'rates.check', payloadSchema: day, attempts: 2 }], { current: false })
    ).id;
    const { paths } = (await t.call('GET', '/openapi.json')).json;
    fields = paths['/v1/windows'].post.requestBody.content['application/json'].schema.properties;
  });

  const planned = (body: object) => t.call('POST', '/v1/windows?dryRun=true', { ...body, release });

  test('shows requests that are taken', async () => {
    expect(blocks('json').length).toBeGreaterThan(0);
    for (const text of blocks('json')) {
      const answer = await planned(JSON.parse(text));
      expect(answer.status, answer.text).toBe(200);
    }
  });

  test('shows files of hooks that are taken', async () => {
    expect(blocks('yaml').length).toBeGreaterThan(0);
    for (const text of blocks('yaml')) {
      const hooks = join(tempDir('hooks'), 'hooks.yaml');
      writeFileSync(hooks, text);
      const answer = await planned(windowBody({ reason: 'x', hooks }));
      expect(answer.status, answer.text).toBe(200);
    }
  });

  test('has all that can be said of a window, of its hooks and of its watch', () => {
    const said = [fields, fields.hooks.items.properties, fields.watch.properties].flatMap(Object.keys);
    expect(said.length).toBeGreaterThan(25);
    expect(said.filter(name => !isTold(name))).toEqual([]);
    const probe = Object.keys(fields.probes.items.properties);
    expect(probe.filter(name => !said.includes(name))).toEqual([]);
    for (const strategy of ['rolling', 'canary'])
      expect(document).toContain(`\`{${Object.keys(fields[strategy].properties).join(', ')}}\``);
  });

  test('has every phase, outcome, strategy, choice and time of a hook', () => {
    const words = [...PHASES, ...OUTCOMES, ...STRATEGIES, ...CHOICES];
    expect(words.filter(word => !isTold(word))).toEqual([]);
    for (const when of HOOK_TIMES) expect(document).toContain(`when: ${when}`);
  });

  test('has every option with which a window is declared, and every command that asks something of one', () => {
    const window = createProgram().commands.find(command => command.name() === 'window')!;
    const open = window.commands.find(command => command.name() === 'open')!;
    const options = open.options.map(({ long }) => String(long)).filter(long => !/json|url$/.test(long));
    expect(options.filter(option => !document.includes(option))).toEqual([]);
    const asks = window.commands.map(command => command.name());
    expect(asks.filter(name => !new RegExp(`(window |\`)${name}\\b`).test(document))).toEqual([]);
  });
});
