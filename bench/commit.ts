import { fileURLToPath } from 'node:url';
import type { PipelinedOptions } from './peers/pipelined-main.js';
import { type Answer, type Bench, type Context, check, Figures } from './support/bench.js';
import { Child } from './support/child.js';
import { Product } from './support/product.js';

const BYTES = 1_024;
const MS = 1_000;
const SCRIPT = fileURLToPath(new URL('../src/store/scripts/save-run.lua', import.meta.url));

export const bench: Bench = {
  name: 'commit',
  question: 'how many durable saves a second?',
  axis: 'runs at once',
  sizes: [1, 10, 100],
  rounds: 5,
  limitMs: 4 * 60_000,
  run,
};

async function run(context: Context): Promise<Answer> {
  const { sizes, rounds, say } = context;
  const product = await Product.start(context);
  await product.deploy(await product.push('commit'));
  const figures = new Figures();
  let total = 0;
  for (let round = 1; round <= rounds; round++) {
    for (const runs of sizes) {
      const committed = await commits(product, runs);
      total += committed.commits;
      figures.add('slackwater', runs, committed.rate);
      const bound = await pipelined(context, runs, round);
      figures.add('bound', runs, bound);
      say(`${runs} runs: ${Math.round(committed.rate)} a second, bound ${Math.round(bound)}`);
    }
  }
  await product.stop();
  return answer(context, figures, total);
}

async function commits(product: Product, runs: number): Promise<{ rate: number; commits: number }> {
  const payloads = Array.from({ length: runs }, () => ({ ms: MS, bytes: BYTES }));
  const ids = await product.enqueue('bench.commit', payloads);
  const ended = await Promise.all(ids.map(id => product.completed(id)));
  const results = ended.map(run => run.result as { commits: number; from: number; to: number });
  for (const [i, { commits }] of results.entries()) {
    const saved = ended[i]!.checkpoint?.count;
    check(saved === commits, `a run committed ${commits} states, and ${saved} are counted in Redis`);
    check(ended[i]!.attempt === 1, `a run is in attempt ${ended[i]!.attempt}`);
  }
  const commits = results.reduce((sum, result) => sum + result.commits, 0);
  const from = Math.min(...results.map(result => result.from));
  const to = Math.max(...results.map(result => result.to));
  return { rate: (commits / (to - from)) * 1_000, commits };
}

async function pipelined(context: Context, runs: number, round: number): Promise<number> {
  const options: PipelinedOptions = {
    redisUrl: context.redisUrl,
    script: SCRIPT,
    prefix: `{${context.keys}-bound-${runs}-${round}}`,
    runs,
    bytes: BYTES,
    ms: MS,
  };
  const peer = new Child(context.programs.pipelined!, [JSON.stringify(options)], context);
  const { commits, told, ms } = (await peer.message('done')) as { commits: number; told: number; ms: number };
  check(commits === told, `the script answered ${told} times, and ${commits} saves are counted in Redis`);
  await peer.exited;
  return (commits / ms) * 1_000;
}

function answer({ sizes }: Context, figures: Figures, total: number): Answer {
  return {
    sections: [
      {
        title: 'Durable saves of 1 KiB',
        unit: '/s',
        chart: 'commit',
        axis: bench.axis,
        sizes,
        series: [
          figures.series('slackwater', 'Slackwater, ctx.commit', sizes),
          figures.series('bound', 'bound: the same script, pipelined EVALSHA', sizes),
        ],
        ratios: [{ label: 'Slackwater ÷ bound', over: 'slackwater', under: 'bound', target: { least: 0.5 } }],
      },
    ],
    checks: [`${total.toLocaleString('en-US')} commits: each counted once in Redis, in attempt 1`],
    notes: [
      'durable as far as the Redis is: append-only file, synced every second',
      'a commit goes from the worker over IPC to its host, through the fenced script, and back; the bound is one process that does nothing else',
    ],
  };
}
