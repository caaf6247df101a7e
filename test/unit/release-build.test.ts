import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { sha256Of } from '../../src/model/manifest.js';
import { manifestDigest } from '../../src/model/release.js';
import { type BuiltRelease, buildRelease, readRelease } from '../../src/release/index.js';
import { tempDir } from '../support/temp-dir.js';

const JOBS = {
  'count.ts': `
    import { defineJob } from 'slackwater';
    import { z } from 'zod';
    import { upTo } from './lib/numbers';
    import { type Tide } from './lib/tide';
    import words from './words.json';
    import legacy from './legacy.cjs';

    export default defineJob({
      name: 'count',
      queue: 'reports',
      payload: z.object({ to: z.int() }),
      checkpoint: {
        version: 2,
        schema: z.object({ at: z.int() }),
        upgrade: { 1: (old: any) => ({ at: old.position }) },
      },
      attempts: 3,
      timeout: '2h',
      async run(ctx, payload) {
        return upTo(payload.to).length + words.length + legacy.three;
      },
    });
  `,
  'more/words.mts': `
    import { defineJob } from 'slackwater';
    import * as z from 'zod';
    export const words = defineJob({ name: 'words', payload: z.object({}), async run() {} });
  `,
  'nightly.ts': `
    import { defineJob, defineWorkflow } from 'slackwater';
    import count from './count';
    const unexported = defineJob({ name: 'tell', run() {} });
    export const nightly = defineWorkflow({ name: 'nightly', queue: 'nights', schedule: { cron: '0 2 * * *' } })
      .step('count', count, { each: () => [{ to: 1 }] })
      .step('tell', unexported, { after: ['count'] });
  `,
  'lib/numbers.ts': `
    export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
    export function boom(): never {
      throw new Error('deep inside');
    }
  `,
  // Needed as a type only: whether the import stays may not depend on the options of a compiler.
  'lib/tide.ts': `export interface Tide { at: number }\nexport const high: Tide = { at: 6 };`,
  'legacy.cjs': `const os = require('os'); exports.three = 3; exports.cpus = os.cpus().length;`,
  'words.json': `["ebb", "flow"]`,
  'count.test.ts': `throw new Error('a test is no part of a release');`,
  '_draft.ts': `throw new Error('put aside');`,
  'node_modules/none/index.js': `throw new Error('not asked for');`,
};

async function put(folder: string, files: Record<string, string>): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  return folder;
}

const codeOf = (built: BuiltRelease) => Buffer.from(built.files.get('index.mjs')!).toString();
const mapOf = (built: BuiltRelease) => JSON.parse(Buffer.from(built.files.get('index.mjs.map')!).toString());

describe('building a release', () => {
  test('bundles every module of the folder and reads what its jobs are', async () => {
    const jobs = await put(tempDir('jobs'), JOBS);
    const built = await buildRelease({ jobs, outDir: path.join(jobs, '.out') });
    const { manifest, digest, id, files } = built;
    expect(manifest).toMatchObject({
      format: 1,
      app: 'default',
      entry: 'index.mjs',
      jobs: [
        {
          name: 'count',
          queue: 'reports',
          payloadSchema: { properties: { to: { type: 'integer' } }, required: ['to'] },
          checkpointVersion: 2,
          reads: [1, 2],
          writes: [2],
          attempts: 3,
          timeoutMs: 7_200_000,
        },
        // Only a step runs it.
        { name: 'tell', queue: 'default' },
        { name: 'words', queue: 'default', checkpointVersion: null, checkpointSchema: null },
      ],
      workflows: [
        {
          name: 'nightly',
          queue: 'nights',
          payloadSchema: {},
          steps: [
            { name: 'count', kind: 'job', runs: 'count', after: [], each: true },
            { name: 'tell', kind: 'job', runs: 'tell', after: ['count'], each: false },
          ],
        },
      ],
      schedules: [{ job: 'nightly', cron: '0 2 * * *' }],
    });
    expect(manifest.files).toEqual(
      [...files].map(([file, bytes]) => ({ path: file, sha256: sha256Of(bytes), bytes: bytes.length })),
    );
    expect(digest).toBe(manifestDigest(manifest));
    expect(id).toBe(digest.slice(0, 12));
    expect(await readRelease(path.join(jobs, '.out'))).toEqual({ manifest, digest, id, files });

    // `import { z }` would bring all languages of zod.
    expect(codeOf(built)).not.toContain('locales/de');
  });

  test('gives the same digest in any folder, with a zod of its own or without', async () => {
    const bare = await put(tempDir('jobs'), JOBS);
    const deep = await put(path.join(tempDir('jobs'), 'a folder', 'with ünusual', 'names'), JOBS);
    await cp(path.resolve('node_modules/zod'), path.join(deep, '..', 'node_modules/zod'), {
      recursive: true,
      filter: source => !/zod\/src|\.[cm]?ts$/.test(source),
    });
    await put(path.dirname(deep), {
      'package.json': '{"dependencies":{"zod":"4"}}',
      'tsconfig.json': '{"compilerOptions":{"verbatimModuleSyntax":true,"target":"es2023"}}',
    });
    const linked = path.join(tempDir('jobs'), 'linked');
    await symlink(bare, linked);

    const first = await buildRelease({ jobs: bare });
    for (const jobs of [deep, linked, path.relative('.', bare)]) {
      const built = await buildRelease({ jobs });
      // Compared first, for a difference that can be read.
      expect(codeOf(built)).toBe(codeOf(first));
      expect(mapOf(built)).toEqual(mapOf(first));
      expect(built.digest).toBe(first.digest);
    }
  });

  test('gives another digest when code, data or app change', async () => {
    const jobs = await put(tempDir('jobs'), JOBS);
    const digests = new Set([(await buildRelease({ jobs })).digest]);
    digests.add((await buildRelease({ jobs, app: 'other' })).digest);
    await put(jobs, { 'words.json': '["slack"]' });
    digests.add((await buildRelease({ jobs })).digest);
    await put(jobs, { 'lib/numbers.ts': JOBS['lib/numbers.ts'].replace('=> i)', '=> i + 1)') });
    digests.add((await buildRelease({ jobs })).digest);
    expect(digests.size).toBe(4);
  });

  test('tells the places of modules as the author knows them', async () => {
    const jobs = await put(path.join(tempDir('jobs'), 'two words'), JOBS);
    await put(jobs, { 'a b.ts': `export { default } from './count';` });
    const built = await buildRelease({ jobs });
    const { sources } = mapOf(built);
    expect(sources).toEqual(
      expect.arrayContaining(['a%20b.ts', 'count.ts', 'lib/numbers.ts', 'more/words.mts']),
    );
    for (const source of sources)
      expect(source).toMatch(/^(node_modules\/(slackwater|[\w@.-]+)\/|[\w/%.-]+$)/);
    expect(JSON.stringify(sources)).not.toContain('..');
    for (const [comment] of codeOf(built).matchAll(/^\/\/ \S*\/\S*\.[cm]?[jt]s$/gm))
      expect(comment).not.toContain('..');
    expect(codeOf(built)).not.toContain(path.resolve('.'));
    expect(codeOf(built)).not.toContain(jobs);
  });

  test("keeps source maps, so that a stack trace shows the author's line", async () => {
    const jobs = await put(tempDir('jobs'), JOBS);
    const outDir = path.join(jobs, '.out');
    await buildRelease({ jobs, outDir });
    const program = `const { modules } = await import(${JSON.stringify(path.join(outDir, 'index.mjs'))});
      console.log(Object.keys(modules).join());
      try { modules['lib/numbers.ts'].boom() } catch (error) { console.log(error.stack) }`;
    const node = promisify(execFile);
    const { stdout } = await node(process.execPath, [
      '--enable-source-maps',
      '--input-type=module',
      '-e',
      program,
    ]);
    expect(stdout).toContain('count.ts,legacy.cjs,lib/numbers.ts,lib/tide.ts,more/words.mts,nightly.ts\n');
    expect(stdout).toMatch(/Error: deep inside\n\s+at .*boom \(.*lib\/numbers\.ts:4:13\)/);
  });

  test('takes the app from what is asked, else from the nearest package.json', async () => {
    const project = tempDir('project');
    const jobs = await put(path.join(project, 'src/jobs'), { 'words.mts': JOBS['more/words.mts'] });
    await put(project, { 'package.json': '{"slackwater":{"app":"billing"}}' });
    expect((await buildRelease({ jobs })).manifest.app).toBe('billing');
    expect((await buildRelease({ jobs, app: 'asked' })).manifest.app).toBe('asked');
    await put(project, { 'src/package.json': '{}' });
    expect((await buildRelease({ jobs })).manifest.app).toBe('default');
    await put(project, { 'src/package.json': '{"slackwater":{"app":"no spaces"}}' });
    await expect(buildRelease({ jobs })).rejects.toMatchObject({
      code: 'bad-definition',
      message: expect.stringMatching(/slackwater\.app in .*package\.json is "no spaces": it must start with/),
    });
  });

  test('leaves out the saved states beside the jobs, and says so of a module among them', async () => {
    const jobs = await put(tempDir('jobs'), { 'words.mts': JOBS['more/words.mts'] });
    const { digest } = await buildRelease({ jobs });
    await put(jobs, {
      'states/words/v1.jsonl': '{"job":"words","version":1,"state":"={}"}',
      'states/ohio.ts': `throw new Error('no module of the release');`,
    });
    const built = await buildRelease({ jobs });
    expect(built.digest).toBe(digest);
    expect(built.warnings).toEqual([expect.stringMatching(/^states\/ohio\.ts is left out/)]);
  });

  test('warns of a module that looks for files beside itself', async () => {
    const jobs = await put(tempDir('jobs'), { 'words.mts': JOBS['more/words.mts'] });
    await put(jobs, { 'data.ts': `export const file = new URL('./data.csv', import.meta.url);` });
    const { warnings } = await buildRelease({ jobs });
    expect(warnings).toEqual([expect.stringMatching(/data\.ts looks for files by its own place/)]);
  });
});

describe('reading a release from a folder', () => {
  test('refuses a file that was changed or lost, and a folder without a release', async () => {
    const folder = tempDir('release');
    const jobs = await put(tempDir('jobs'), { 'words.mts': JOBS['more/words.mts'] });
    await buildRelease({ jobs, outDir: folder });
    const entry = path.join(folder, 'index.mjs');
    const text = await readFile(entry, 'utf8');
    await writeFile(entry, text.replace('words', 'wordz'));
    await expect(readRelease(folder)).rejects.toMatchObject({
      code: 'digest-mismatch',
      message: expect.stringContaining('index.mjs'),
    });
    await writeFile(path.join(folder, 'manifest.json'), '{"format":1');
    await expect(readRelease(folder)).rejects.toMatchObject({ code: 'invalid-manifest' });
    await expect(readRelease(tempDir('empty'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
