import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { codeIn } from '../support/doc-code.js';
import { within } from '../support/eventually.js';
import { shown } from '../support/process-output.js';
import { ROOT, spawnProcess } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';

test('the tests that docs/authoring.md shows run and pass', async () => {
  const project = tempDir('authoring');
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(ROOT, join(project, 'node_modules', 'slackwater'));
  symlinkSync(join(ROOT, 'node_modules', 'zod'), join(project, 'node_modules', 'zod'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const { path, text } of codeIn('docs/authoring.md')) {
    if (!path) continue;
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  const tsx = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href;
  const args = ['--import', tsx, '--test', '--test-reporter', 'tap', 'test/count.test.ts'];
  const child = spawnProcess(process.execPath, args, { cwd: project });
  const exit = await within(60_000, 'the end of the tests', child.exit, () => shown(child));
  expect(exit.stdout, shown(exit)).toMatch(/^# pass 4$/m);
  expect(exit.code, shown(exit)).toBe(0);
});
