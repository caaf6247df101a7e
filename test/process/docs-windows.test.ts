import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushRelease } from '../../src/cli/push.js';
import type { Window } from '../../src/model/window.js';
import { buildRelease } from '../../src/release/build.js';
import { eventually } from '../support/eventually.js';
import { ROOT, runCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { commandsIn, wordsOf } from './support/doc-blocks.js';
import { type Product, startProduct } from './support/product.js';

const document = readFileSync(`${ROOT}docs/windows.md`, 'utf8');
const [hooksFile = ''] = [...document.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text);
/** What each section shows to be typed. */
const sections = document
  .split(/^## /m)
  .map(text => ({ title: text.split('\n', 1)[0]!, commands: commandsIn(text) }))
  .filter(({ commands }) => commands.length > 0);

const jobsAs = (marker: string) => `
import { defineJob } from 'slackwater';
import { z } from 'zod';
export default defineJob({ name: 'rates.check', payload: z.object({ day: z.iso.date() }), run: (_, { day }) => day + '${marker}' });
`;

let product: Product;
let folder: string;
let outside: Server;
const asked: { url?: string; headers: IncomingHttpHeaders; body: string }[] = [];

beforeAll(async () => {
  product = await startProduct({ workers: 1 });
  folder = tempDir('docs-windows');
  mkdirSync(join(folder, 'jobs'));
  writeFileSync(join(folder, 'package.json'), '{"slackwater":{"app":"rates"}}');
  outside = createServer((request, response) => {
    let body = '';
    request.on('data', chunk => (body += chunk));
    request.on('end', () => {
      asked.push({ url: request.url, headers: request.headers, body });
      response.end('fine');
    });
  });
  await new Promise<void>(done => outside.listen(0, '127.0.0.1', done));
  await product.endedAs((await product.open(await push('first'))).id, 'completed');
});

afterAll(async () => {
  outside.closeAllConnections();
  await new Promise(done => outside.close(done));
});

/** Another release: one that runs already needs no window. */
async function push(marker: string): Promise<string> {
  writeFileSync(join(folder, 'jobs/rates.ts'), jobsAs(marker));
  const built = await buildRelease({ jobs: join(folder, 'jobs'), app: 'rates' });
  return (await pushRelease(product.client, built)).release.id;
}

const newest = async (): Promise<Window> => (await product.client.list<Window>('/v1/windows', {}, 1))[0]!;

/** Runs a command of the document, for the release and the window of here. */
async function run(command: string, release: string): Promise<string> {
  const [npx, slackwater, ...words] = wordsOf(command);
  expect([npx, slackwater]).toEqual(['npx', 'slackwater']);
  const { id } = await newest();
  const args = words.map(word => (word === '3f2a1c09b7de' ? release : word.startsWith('win-') ? id : word));
  const env = { SLACKWATER_URL: product.client.url };
  const { code, stdout, stderr } = await runCli(args, { env, cwd: folder });
  // A watch that is over before the window is.
  expect(code, `${command}\n${stdout}${stderr}`).toBe(args.includes('--timeout') ? 5 : 0);
  return stdout;
}

/** The hooks of the document, with programs and services that are here, and a watch that does not last as long. */
function writeHooks(): string {
  const done = join(folder, 'done');
  const migrate = join(folder, 'migrate');
  writeFileSync(migrate, `#!/bin/sh\necho "$SLACKWATER_HOOK $1" >> ${done}\n`);
  chmodSync(migrate, 0o755);
  const here = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const text = hooksFile
    .replaceAll('./migrate', migrate)
    .replace('https://chat.example', here)
    .replace('http://db.example', here)
    .replace('duration: 5m', 'duration: 1s');
  writeFileSync(join(folder, 'hooks.yaml'), text);
  return done;
}

/** A hook of which nobody knows: it is killed the first time. */
async function becomeHeld(release: string): Promise<void> {
  const begun = join(folder, 'begun');
  const command = ['sh', '-c', `test -e ${begun} || { touch ${begun}; kill -9 $$; }`];
  const { id } = await product.open(release, { hooks: [{ name: 'contract', when: 'stopped', command }] });
  await product.endedAs(id, 'held');
  expect(existsSync(begun)).toBe(true);
}

describe('docs/windows.md shows commands that work', () => {
  test.each(sections)('$title', async ({ title, commands }) => {
    let release = await push(title);
    const done = title === 'Hooks' ? writeHooks() : '';
    if (title === 'Held') await becomeHeld(release);
    for (const [i, command] of commands.entries()) {
      // What an earlier one of the section has brought about needs no window again.
      if (/window open/.test(command)) release = await push(`${title} ${i}`);
      if (/window report/.test(command)) await product.endedAs((await newest()).id, 'completed');
      if (/window end win-\S+$/.test(command)) await product.phase((await newest()).id, 'watching');
      const stdout = await run(command, release);
      if (/window show/.test(command) && title === 'Held')
        expect(stdout).toMatch(/^ {4}slackwater window end win-\S+ --choice retry$/m);
      if (/window (end|abort) win-\S+$/.test(command)) await product.ended((await newest()).id);
    }
    if (title === 'Hooks') {
      expect(readFileSync(done, 'utf8')).toBe('expand expand\ncontract contract\n');
      const told = asked.find(({ url }) => url === '/hooks/deploys');
      expect(told).toMatchObject({ body: '{"text":"new rates are live"}' });
      expect(told!.headers['idempotency-key']).toMatch(/^win-\w+\/hook:tell$/);
    }
    await eventually(async () => (await newest()).phase === 'done', { what: 'the end of its window' });
  });
});
