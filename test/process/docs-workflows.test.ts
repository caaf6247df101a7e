import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { codeIn } from '../support/doc-code.js';
import { eventually, within } from '../support/eventually.js';
import { shown } from '../support/process-output.js';
import { ROOT, runCli, spawnProcess } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { commandsIn, wordsOf } from './support/doc-blocks.js';
import { startProduct } from './support/product.js';

const DOCUMENT = 'docs/workflows.md';

/** The project that the document describes. */
function project(): string {
  const folder = tempDir('docs-workflows');
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'slackwater'));
  symlinkSync(join(ROOT, 'node_modules', 'zod'), join(folder, 'node_modules', 'zod'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const { path, text } of codeIn(DOCUMENT)) {
    if (!path) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

test('the tests that docs/workflows.md shows run and pass', async () => {
  const tsx = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href;
  const args = ['--import', tsx, '--test', '--test-reporter', 'tap', 'test/nightly.test.ts'];
  const child = spawnProcess(process.execPath, args, { cwd: project() });
  const exit = await within(60_000, 'the end of the tests', child.exit, () => shown(child));
  expect(exit.stdout, shown(exit)).toMatch(/^# pass 3$/m);
  expect(exit.code, shown(exit)).toBe(0);
});

test('the commands that docs/workflows.md shows work, and its workflow runs', async () => {
  const product = await startProduct({ workers: 1 });
  const folder = project();
  await product.deploy(join(folder, 'jobs'));
  const commands = commandsIn(readFileSync(`${ROOT}${DOCUMENT}`, 'utf8'));
  const printed: Record<string, string> = {};
  let run = '';
  for (const command of commands) {
    const [npx, slackwater, ...words] = wordsOf(command);
    expect([npx, slackwater]).toEqual(['npx', 'slackwater']);
    const args = words.map(word => (word === 'RUN' ? run : word));
    if (args.join(' ').startsWith('runs show'))
      await eventually(
        async () =>
          (await product.run(run)).steps?.find(({ name }) => name === 'approve')?.state === 'running',
        {
          what: 'a step that waits for its signal',
        },
      );
    const { code, stdout, stderr } = await runCli(args, {
      cwd: folder,
      env: { SLACKWATER_URL: product.client.url },
    });
    expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
    printed[words.slice(0, 2).join(' ')] = stdout;
    if (words[0] === 'run') run = stdout.trim();
  }
  expect(printed['workflows ls']).toMatch(/nightly +ledger +default +4/);
  for (const command of ['workflows show', 'runs show']) expect(printed[command]).toContain('├─╮');
  expect(printed['runs show']).toMatch(/◐ │ {2}approve .* waits for its signal, gives up in 3h59m$/m);
  const [ended] = await product.all([run], ['completed']);
  expect(ended!.result).toEqual({ publish: { day: '2026-01-31', worst: 'JFK', scored: 3 } });
  expect(ended!.steps!.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
});
