import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { redisBinary } from '../src/redis/find-redis.mjs';
import { within } from './support/eventually.js';
import { shown } from './support/process-output.js';
import { ROOT, type RunningProcess, spawnProcess } from './support/processes.js';
import { useStore } from './support/store.js';
import { tempDir } from './support/temp-dir.js';

const ALLOWED = [
  /^dist\/.+\.(js|mjs|d\.ts|d\.mts|lua|map)$/,
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|config\/slackwater\.yaml|docs\/([a-z-]+\.md|deploy\.svg))$/,
];

const JOB = `
import { defineJob } from 'slackwater';
import * as z from 'zod';

export default defineJob({
  name: 'greet',
  payload: z.object({ names: z.array(z.string()) }),
  checkpoint: { version: 1, schema: z.object({ greeted: z.array(z.string()) }) },
  async run(ctx, { names }) {
    const state = ctx.state ?? { greeted: [] };
    for (const name of names.slice(state.greeted.length)) {
      state.greeted.push(\`hello \${name}\`);
      await ctx.checkpoint(state);
    }
    return { greeted: state.greeted };
  },
});
`;

/** Runs npm to its end; fails with its output. */
async function npm(args: string[], cwd: string, timeout = 100_000): Promise<string> {
  const child = spawnProcess('npm', args, { cwd, env: { npm_config_update_notifier: 'false' } });
  const exit = await within(timeout, `the end of npm ${args[0]}`, child.exit, () => shown(child));
  if (exit.code !== 0) throw new Error(`npm ${args.join(' ')} failed\n${shown(exit)}`);
  return exit.stdout;
}

describe('the packed package', () => {
  let tarball: string;
  let files: string[];

  beforeAll(async () => {
    const folder = tempDir('pack');
    // dist/ is fresh: set-up has seen to it. Compiling once more would pull it from under the other tests.
    const [packed] = JSON.parse(
      await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT),
    );
    tarball = `${folder}/${packed.filename}`;
    files = packed.files.map(({ path }: { path: string }) => path);
  });

  it('holds what is needed', () => {
    const { exports, bin } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
    const named = [bin.slackwater, ...[exports['.'], exports['./testing']].flatMap(Object.values)];
    const scripts = readdirSync(`${ROOT}src/store/scripts`)
      .filter(name => name.endsWith('.lua'))
      .map(name => `dist/store/scripts/${name}`);
    const needed = [
      ...named.map(path => path.replace(/^\.\//, '')),
      ...scripts,
      'dist/worker/main.js',
      'config/slackwater.yaml',
      'docs/authoring.md',
      'docs/calendar.md',
      'docs/flow-control.md',
      'docs/schedules.md',
      'docs/windows.md',
      'docs/workflows.md',
      'docs/deploy.svg',
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
    ];
    expect(needed.filter(path => !files.includes(path))).toEqual([]);
  });

  it('holds nothing else, and source maps that need no source beside them', () => {
    expect(files.filter(path => !ALLOWED.some(allowed => allowed.test(path)))).toEqual([]);
    const empty = files
      .filter(path => path.endsWith('.js.map'))
      .filter(path => JSON.parse(readFileSync(ROOT + path, 'utf8')).sourcesContent === undefined);
    expect(empty).toEqual([]);
  });

  describe('in the project of a stranger', () => {
    let project: string;

    beforeAll(async () => {
      project = tempDir('stranger');
      writeFileSync(
        `${project}/package.json`,
        JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
      );
      const { version } = JSON.parse(readFileSync(`${ROOT}node_modules/zod/package.json`, 'utf8'));
      await npm(
        ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, `zod@${version}`],
        project,
      );
      mkdirSync(`${project}/jobs`);
      writeFileSync(`${project}/jobs/greet.ts`, JOB);
    });

    const slackwater = (args: string[], env: Record<string, string> = {}): RunningProcess =>
      spawnProcess(`${project}/node_modules/.bin/slackwater`, args, { cwd: project, env });

    it('runs a job from a folder, and leaves nothing but its data', async () => {
      // A machine with nothing but REDIS_URL has no private Redis: there it shares the one of this run.
      const env = redisBinary() ? {} : useStore().env;
      const dev = slackwater(['dev', '--jobs', 'jobs', '--port', '0'], env);
      const [, url = ''] = await dev.line(/^ready (http:\/\/\S+)/);
      const payload = JSON.stringify({ names: ['tide', 'moon'] });
      const run = slackwater(['run', 'greet', '--payload', payload, '--wait', '--json'], {
        SLACKWATER_URL: url,
      });
      const ended = await within(
        30_000,
        'the end of the run',
        run.exit,
        () => `${shown(run)}\n${shown(dev)}`,
      );
      expect(ended.code, shown(ended)).toBe(0);
      expect(JSON.parse(ended.stdout)).toMatchObject({
        state: 'completed',
        attempt: 1,
        result: { greeted: ['hello tide', 'hello moon'] },
      });
      dev.kill('SIGINT');
      expect((await within(20_000, 'the end of dev', dev.exit, () => shown(dev))).code).toBe(0);
      const known = ['.slackwater', 'jobs', 'node_modules', 'package-lock.json', 'package.json'];
      expect(readdirSync(project).filter(name => !known.includes(name))).toEqual([]);
    });

    it('has types for its authors', async () => {
      writeFileSync(
        `${project}/tsconfig.json`,
        JSON.stringify({
          compilerOptions: {
            strict: true,
            noEmit: true,
            module: 'nodenext',
            target: 'es2023',
            skipLibCheck: true,
            types: [],
          },
          include: ['jobs'],
        }),
      );
      const tsc = spawnProcess(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, '-p', '.'], {
        cwd: project,
      });
      expect((await tsc.exit).stdout).toBe('');
    });
  });
});
