// What is recorded: a private Redis, a server, a host, and runs of mixed pace under way.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/** Jobs by the time that they take from one checkpoint to the next, ms. The few slow ones make the drain visible. */
const JOBS = [
  { name: 'rates', stepMs: 20, runs: 60 },
  { name: 'invoices', stepMs: 500, runs: 20 },
  { name: 'statements', stepMs: 3_000, runs: 4 },
];
const RUNS = JOBS.reduce((sum, { runs }) => sum + runs, 0);
const START_WITHIN = 60_000;

const jobWith = (
  /** @type {string} */ checkpoint,
  /** @type {string} */ begin,
  /** @type {string} */ next,
) => `
import { defineJob } from 'slackwater';
import { z } from 'zod';

export const job = (name: string) =>
  defineJob({
    name,
    payload: z.object({ stepMs: z.int() }),
    checkpoint: ${checkpoint},
    async run(ctx, { stepMs }) {
      for (let state = ctx.state ?? ${begin}; ; state = ${next}) {
        await new Promise(resolve => setTimeout(resolve, stepMs));
        await ctx.checkpoint(state);
      }
    },
  });
`;

/** The code of before, whose state is a number, and the new code, whose state is a place in a book. */
const CODE = {
  jobs: jobWith('{ version: 1, schema: z.object({ at: z.int() }) }', '{ at: 0 }', '{ at: state.at + 1 }'),
  jobs2: jobWith(
    `{
      version: 2,
      schema: z.object({ page: z.int(), line: z.int() }),
      upgrade: { 1: old => ({ page: Math.floor(old.at / 50), line: old.at % 50 }) },
      downgrade: { 2: now => ({ at: now.page * 50 + now.line }) },
    }`,
    '{ page: 0, line: 0 }',
    '{ page: state.page + Math.floor((state.line + 1) / 50), line: (state.line + 1) % 50 }',
  ),
};

/**
 * @param {string} cli path of the compiled command line
 * @returns a scene that is there once `start()` has resolved, and gone once `close()` has
 */
export function createScene(cli) {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'slackwater-record-')));
  const env = { PATH: `${join(dir, 'bin')}${delimiter}${process.env.PATH}`, HOME: dir, SLACKWATER_URL: '' };
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let dev;
  return {
    dir,
    /** In which `slackwater` is a command, and its server this one. */
    env,
    /** Resolves when all runs are computing and their pace is known. */
    async start() {
      writeJobs(dir);
      writeCommand(join(dir, 'bin'), cli);
      dev = spawn(process.execPath, [cli, 'dev', '--jobs', 'jobs', '--port', '0'], {
        cwd: dir,
        env,
        // A session of its own: Ctrl-C is for us, who end it in order. Should we be killed, the channel closes, and that tells it to leave.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      env.SLACKWATER_URL = await readyUrl(dev);
      await askForRuns(env.SLACKWATER_URL);
      await allUnderWay(env.SLACKWATER_URL);
    },
    async close() {
      if (dev && dev.exitCode === null && dev.signalCode === null) {
        dev.kill('SIGTERM');
        await once(dev, 'exit');
      }
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** @param {string} folder @param {string} cli */
function writeCommand(folder, cli) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'slackwater'), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`, {
    mode: 0o755,
  });
}

/** @param {string} dir */
function writeJobs(dir) {
  writeFileSync(
    join(dir, 'package.json'),
    JSON.stringify({ type: 'module', slackwater: { app: 'billing' } }),
  );
  for (const [folder, code] of Object.entries(CODE)) {
    mkdirSync(join(dir, folder));
    writeFileSync(join(dir, folder, '_job.ts'), code);
    for (const { name } of JOBS) {
      const file = `import { job } from './_job.js';\n\nexport default job('${name}');\n`;
      writeFileSync(join(dir, folder, `${name}.ts`), file);
    }
  }
}

/** @param {import('node:child_process').ChildProcess} dev @returns {Promise<string>} */
function readyUrl(dev) {
  let said = '';
  dev.stderr?.on('data', chunk => {
    said = (said + chunk).slice(-4_000);
  });
  return new Promise((resolve, reject) => {
    dev.once('error', reject);
    dev.once('exit', code => reject(new Error(`slackwater dev ended with code ${code}:\n${said}`)));
    if (!dev.stdout) return;
    createInterface({ input: dev.stdout }).on('line', line => {
      const url = /^ready (http:\S+)/.exec(line)?.[1];
      if (url) resolve(url);
    });
  });
}

/** Each at a moment of its own within a step. @param {string} url */
async function askForRuns(url) {
  for (const { name, stepMs, runs } of JOBS) {
    const requests = Array.from({ length: runs }, (_, i) => ({
      payload: { stepMs },
      delay: `${Math.round((i * stepMs) / runs)}ms`,
    }));
    await call(`${url}/v1/jobs/${name}/runs/bulk`, requests);
  }
}

/** Between two saves there is one step: with the second the time that it takes is known. @param {string} url */
async function allUnderWay(url) {
  const deadline = performance.now() + START_WITHIN;
  for (;;) {
    const { items } = await call(`${url}/v1/runs?state=running&limit=100`);
    const saved = items.filter((/** @type {any} */ run) => run.checkpoint?.count > 1).length;
    if (saved === RUNS) return;
    if (performance.now() > deadline) throw new Error(`only ${saved} of ${RUNS} runs have been saved twice`);
    await pause(200);
  }
}

/** @param {string} url @param {unknown} [body] @returns {Promise<any>} */
async function call(url, body) {
  const json = { 'content-type': 'application/json' };
  const response = await fetch(
    url,
    body ? { method: 'POST', headers: json, body: JSON.stringify(body) } : {},
  );
  if (!response.ok)
    throw new Error(`${new URL(url).pathname} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
