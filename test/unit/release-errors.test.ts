import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildRelease } from '../../src/release/index.js';
import { tempDir } from '../support/temp-dir.js';

const GOOD = `
import { defineJob } from 'slackwater';
import * as z from 'zod';
export default defineJob({ name: 'good', payload: z.object({}), async run() {} });
`;

/** Builds a folder with these files; @returns the message with which it is refused. */
async function refusal(files: Record<string, string>, importLimitMs?: number): Promise<string> {
  const jobs = tempDir('jobs');
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(jobs, file)), { recursive: true });
    await writeFile(path.join(jobs, file), text);
  }
  const error = await buildRelease({ jobs, importLimitMs }).then(
    () => expect.unreachable('it was built'),
    thrown => thrown,
  );
  expect(error).toMatchObject({ name: 'SlackwaterError', code: 'bad-definition' });
  return error.message;
}

describe('a build is refused with what to change', () => {
  test('where there is no folder, no module or no job', async () => {
    const missing = path.join(tempDir('jobs'), 'nowhere');
    await expect(buildRelease({ jobs: missing })).rejects.toThrow(/there is no folder .*nowhere.*--jobs/);
    await expect(buildRelease({ jobs: 'package.json' })).rejects.toThrow(/package\.json is a file/);
    expect(await refusal({ 'README.md': '', 'a.test.ts': GOOD, 'a.d.ts': '' })).toMatch(/holds no module/);
    expect(await refusal({ 'lib/helper.ts': 'export const n = 1;' })).toMatch(
      /no job found.*lib\/helper\.ts/,
    );
  });

  test('with file, line, column and the source line of every syntax error', async () => {
    const message = await refusal({
      'good.ts': GOOD,
      'bad.ts': 'export const a = 1;\nexport const b = = 2;\n',
      'sub/worse.ts': 'export default {\n',
    });
    expect(message).toContain('bad.ts:2:17');
    expect(message).toContain('export const b = = 2;');
    expect(message).toContain('sub/worse.ts:');
  });

  test('with the importing line where an import is not found', async () => {
    const message = await refusal({
      'good.ts': GOOD,
      'a.ts': `import '@scope/absent/deep';\nimport './nothing.js';\nimport 'slackwater/internals';\n`,
    });
    expect(message).toMatch(/a\.ts:1:7.*\n.*import '@scope\/absent\/deep'/);
    expect(message).toContain('npm install @scope/absent)');
    expect(message).toContain('relative to the file that imports it');
    expect(message).toContain('import from "slackwater" or "slackwater/testing"');
    expect(message).not.toContain('external');
  });

  test('for a native addon', async () => {
    const message = await refusal({ 'good.ts': GOOD, 'a.cjs': `require('./addon.node')`, 'addon.node': '' });
    expect(message).toMatch(/addon\.node is a native addon.*\n[\s\S]*a\.cjs:1:8/);
  });

  test('for a module that throws when imported', async () => {
    const message = await refusal({
      'good.ts': GOOD,
      'a.ts': `console.log('half-way');\nconst settings: any = undefined;\n\nexport const size = settings.size;\n`,
    });
    expect(message).toMatch(/importing the jobs failed: TypeError: .*'size'/);
    expect(message).toMatch(/at .*\ba\.ts:4:30/);
    expect(message).toContain('It printed last:\n  half-way');
    expect(message).not.toContain('/slackwater-release-');
  });

  test('for a module that throws what is no error', async () => {
    expect(await refusal({ 'good.ts': GOOD, 'a.ts': `throw 'a string';` })).toContain('a string was thrown');
  });

  test('for a module that ends the process', async () => {
    const exits = await refusal({ 'good.ts': GOOD, 'a.ts': `export const a = 1;\nprocess.exit(0);\n` });
    expect(exits).toMatch(/process\.exit\(0\) was called while the jobs were imported\n.*a\.ts:2/);
    const killed = await refusal({
      'good.ts': GOOD,
      'a.ts': `process.kill(process.pid, 'SIGKILL'); await new Promise(() => setInterval(() => {}, 1e3));`,
    });
    expect(killed).toMatch(/ended the process \(signal SIGKILL\)/);
  });

  test('for a module that never ends being imported', async () => {
    const waits = await refusal({ 'good.ts': GOOD, 'a.ts': `await new Promise(() => {});` });
    expect(waits).toContain('a promise at the top of a module that never settles');
    const loops = await refusal({ 'good.ts': GOOD, 'a.ts': `console.error('looping'); for (;;);` }, 8_000);
    expect(loops).toMatch(/took longer than 8\.0s[\s\S]*looping/);
  });

  test('for two jobs of one name', async () => {
    const message = await refusal({ 'a.ts': GOOD, 'b.ts': GOOD });
    expect(message).toMatch(/good/);
    expect(message).toMatch(/a\.ts/);
    expect(message).toMatch(/b\.ts/);
  });
});

describe('a build is not disturbed', () => {
  test('by what modules print, send and leave open, and tells them nothing of the environment', async () => {
    const jobs = tempDir('jobs');
    await writeFile(path.join(jobs, 'good.ts'), GOOD);
    const noisy = `
      console.log('{"ok":false}');
      process.stdout.write('x'.repeat(1e6));
      process.send?.({ ok: false });
      setInterval(() => {}, 1_000);
      if (Object.keys(process.env).some(name => !['PATH', 'HOME', 'TZ', 'LANG'].includes(name)))
        throw new Error(Object.keys(process.env).join());
    `;
    await writeFile(path.join(jobs, 'noisy.ts'), noisy);
    const { manifest } = await buildRelease({ jobs });
    expect(manifest.jobs.map(job => job.name)).toEqual(['good']);
  });
});
