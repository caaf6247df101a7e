import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Release } from '../../src/model/release.js';
import type { Run } from '../../src/model/run.js';
import { redisBinary } from '../../src/redis/find-redis.mjs';
import { eventually, within } from '../support/eventually.js';
import { shown } from '../support/process-output.js';
import { ROOT, type RunningProcess, runCli, spawnCli, spawnProcess } from '../support/processes.js';
import { useStore } from '../support/store.js';
import { tempDir } from '../support/temp-dir.js';
import { inlineIn, shownIn, wordsOf } from './support/doc-blocks.js';

const SCRIPTS = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).scripts as Record<string, string>;
/** A machine with nothing but REDIS_URL has no private Redis: there the commands share the one of this run. */
const environment = () => (redisBinary() ? {} : useStore().env);

type Rule = [shown: string | RegExp, does: (text: string) => unknown];

/** One test for each thing that a document shows, in its order: what comes later builds on what came before. */
function each(file: string, rules: Rule[]): void {
  for (const { kind, text } of shownIn(file)) {
    const name = kind === 'sh' ? text : `(ts) ${text.trim().split('\n')[0]}`;
    const rule = rules.find(([known]) => (typeof known === 'string' ? known === text : known.test(text)));
    it(name, async () => {
      if (!rule) throw new Error(`${file} shows this, and no rule here knows it: add one\n${text}`);
      await rule[1](text);
    });
  }
}

/** Arguments of `npx slackwater …`. */
function argumentsOf(command: string): string[] {
  const [npx, slackwater, ...args] = wordsOf(command);
  expect([npx, slackwater]).toEqual(['npx', 'slackwater']);
  return args;
}

/** A `dev` as a document has it, and the commands that are typed beside it. */
class Beside {
  url = '';

  private constructor(
    readonly folder: string,
    readonly dev: RunningProcess,
  ) {}

  /** On any free port: the one of the document may be taken here. */
  static start(command: string, folder: string, more: string[] = []): Beside {
    const args = [...argumentsOf(command), '--port', '0', ...more];
    return new Beside(folder, spawnCli(args, { cwd: folder, env: environment() }));
  }

  async ready(): Promise<void> {
    [, this.url = ''] = await this.dev.line(/^ready (http:\/\/127\.0\.0\.1:\d+)$/);
  }

  /** Runs a command to its end, which must be a good one. @returns what it printed on stdout */
  async run(args: string[], folder = this.folder): Promise<string> {
    const exit = await runCli(args, { cwd: folder, env: { SLACKWATER_URL: this.url } });
    expect(exit.code, `${shown(exit)}\n--- dev\n${this.dev.stderr}`).toBe(0);
    return exit.stdout;
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.run([...args, '--json'])) as T;
  }

  async leave(): Promise<void> {
    // Where it did not come so far, that has failed already, and the end of the file ends it.
    if (!this.url) return;
    this.dev.kill('SIGINT');
    expect((await within(30_000, 'the end of dev', this.dev.exit, () => shown(this.dev))).code).toBe(0);
  }
}

/** `dev` runs for as long as the commands after it: it is started before them, on what stands above it. */
const DEV = 'npx slackwater dev --jobs jobs';

describe('README.md', () => {
  const [count] = shownIn('README.md').filter(({ kind }) => kind === 'ts');
  let beside: Beside;
  /** Where a pipeline has the jobs: `dev` does not watch it. */
  let pipeline: string;
  let newShape: string;
  let run: string;
  let release: string;

  beforeAll(() => {
    const folder = tempDir('readme');
    save(folder, count!.text);
    beside = Beside.start(DEV, folder);
    pipeline = tempDir('pipeline');
  });
  afterAll(() => beside.leave());

  function save(folder: string, text: string): void {
    mkdirSync(join(folder, 'jobs'), { recursive: true });
    writeFileSync(join(folder, 'jobs/count.ts'), text);
  }
  const show = () => beside.json<Run>('runs', 'show', run);

  each('README.md', [
    ['npm run demo', demo],
    ['npm test', () => expect(SCRIPTS.test).toMatch(/ && vitest run$/)],
    ['npm install slackwater zod', installs],
    [/defineJob\(\{\n {2}name: 'count'/, text => expect(text).toBe(count?.text)],
    [DEV, () => beside.ready()],
    [
      /^npx slackwater run count --payload /,
      async command => {
        run = (await beside.run(argumentsOf(command))).trim();
        await eventually(async () => ((await show()).progress?.done ?? 0) > 0, { what: 'progress' });
      },
    ],
    [
      'npx slackwater runs ls',
      async command => expect(await beside.run(argumentsOf(command))).toMatch(`${run}  count`),
    ],
    [
      /^checkpoint: \{\n {2}version: 2,/,
      async snippet => {
        const before = await show();
        newShape = inNewShape(count!.text, snippet);
        save(beside.folder, newShape);
        await beside.dev.line(/release [0-9a-f]{12} runs: 1 run went on in the new code/);
        const after = await eventually(async () => {
          const after = await show();
          return after.checkpoint?.version === 2 && after;
        });
        expect(before.checkpoint?.version ?? 1).toBe(1);
        expect(after).toMatchObject({ state: 'running', attempt: 1 });
        expect(after.release).not.toBe(before.release);
        expect(after.progress?.done).toBeGreaterThan(before.progress!.done);
      },
    ],
    [
      "npx slackwater deploy --jobs jobs --reason 'new rates'",
      async command => {
        save(pipeline, faster(newShape, 50));
        expect(await beside.run(argumentsOf(command), pipeline)).toMatch(/^✓ completed /);
        expect((await show()).state).toBe('running');
      },
    ],
    [
      /^curl -H /,
      async command => {
        const [, , header, , body, url] = wordsOf(command);
        const [name, value] = header!.split(': ');
        const target = new URL(new URL(url!).pathname, beside.url);
        const answer = await fetch(target, { method: 'POST', headers: { [name!]: value! }, body });
        expect(answer.status).toBe(202);
        expect(await answer.json()).toMatchObject({ id: expect.stringMatching(/^run-/), job: 'count' });
      },
    ],
    [
      'npx slackwater release push --jobs jobs',
      async command => {
        save(pipeline, faster(newShape, 25));
        const stdout = await beside.run([...argumentsOf(command), '--json'], pipeline);
        release = (JSON.parse(stdout) as Release).id;
      },
    ],
    [
      /^npx slackwater window open --release RELEASE /,
      async command => {
        const stdout = await beside.run(argumentsOf(command.replace('RELEASE', release)));
        expect(stdout).toMatch(/^scheduled /);
        expect(stdout).toContain(release);
      },
    ],
  ]);

  it('names only npm scripts that there are', () => {
    const named = inlineIn('README.md', 'npm run ').map(command => command.split(' '));
    expect(named.filter(([, , script]) => !(script! in SCRIPTS))).toEqual([]);
    const benches = named.filter(([, , script, dashes]) => script === 'bench' && dashes === '--');
    expect(benches).not.toEqual([]);
    for (const [, , , , bench] of benches) expect(existsSync(`${ROOT}bench/${bench}.ts`), bench).toBe(true);
  });
});

describe('jobs/README.md', () => {
  let beside: Beside;

  beforeAll(() => {
    beside = Beside.start(DEV, ROOT, ['--data', tempDir('readme-jobs')]);
  });
  afterAll(() => beside.leave());

  each('jobs/README.md', [
    [DEV, () => beside.ready()],
    [
      /^npx slackwater run flights\.delays --wait --payload /,
      async command => {
        const result = JSON.parse(await beside.run(argumentsOf(command)));
        expect(result).toMatchObject({ SFO: expect.any(Number) });
      },
    ],
    [
      'npx slackwater release check --jobs jobs',
      async command => expect(await beside.run(argumentsOf(command))).toMatch(/^✓ reads all \d+ /),
    ],
  ]);
});

/** Everything in it is judged by the demo itself; here it must have judged well. */
async function demo(): Promise<void> {
  const child = spawnProcess('npm', ['run', 'demo', '--', '--json'], { env: environment() });
  const exit = await within(110_000, 'the end of the demo', child.exit, () => shown(child));
  expect(exit.code, shown(exit)).toBe(0);
  const judged = JSON.parse(exit.stdout.trim().split('\n').at(-1)!);
  expect(judged).toMatchObject({ resultsMatch: true, repeatedItems: 0, lostItems: 0 });
}

/** test/package.test.ts installs the packed package, and zod, in the project of a stranger. */
function installs(): void {
  const test = readFileSync(`${ROOT}test/package.test.ts`, 'utf8');
  expect(test).toMatch(/\['install', .*tarball, `zod@/);
}

/** The job with the checkpoint of another shape, and a `run` that works on it, as an author would write it. */
function inNewShape(job: string, snippet: string): string {
  const checkpoint = /^ {2}checkpoint: .*,\n/m;
  expect(job).toMatch(checkpoint);
  return job
    .replaceAll('state.at', 'state.position.at')
    .replace('?? { at: 0 }', '?? { position: { at: 0 } }')
    .replace(checkpoint, snippet);
}

function faster(job: string, ms: number): string {
  expect(job).toContain('(resolve, 100)');
  return job.replace('(resolve, 100)', `(resolve, ${ms})`);
}
