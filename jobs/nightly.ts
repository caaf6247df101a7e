import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineJob, defineWorkflow } from 'slackwater';
import * as z from 'zod';
import { interval, meanOfResample, Random } from './_bootstrap.js';
import { readFlights, rowGroups } from './_flights.js';
import { record } from './_ledger.js';

const queue = 'nightly';
/** Flights of each airport by minutes late. */
type Delays = Record<string, Record<string, number>>;

const slice = z.object({ from: z.int().min(0), to: z.int() });
const night = z.object({
  file: z.string(),
  folder: z.string().describe('for what one step leaves to the next; the same on every host'),
  to: z.int().optional().describe('first row that is left out; default: the end of the file'),
  rounds: z.int().min(1).default(400),
  ledger: z.string().optional(),
});

const parts = defineJob({
  name: 'nightly.parts',
  queue,
  payload: night,
  async run(ctx, { file, folder, to = Number.POSITIVE_INFINITY, ledger }) {
    await mkdir(folder, { recursive: true });
    const groups = (await rowGroups(file)).filter(group => group.from < to);
    record(ledger, ctx, 'done');
    return groups.map(group => ({ from: group.from, to: Math.min(group.to, to) }));
  },
});

/** A row group is decoded as a whole, in some tenths of a second: nothing that a deploy could not wait for. */
const extract = defineJob({
  name: 'nightly.extract',
  queue,
  payload: night.extend(slice.shape),
  async run(ctx, { file, folder, from, to, ledger }) {
    const delays: Delays = {};
    for await (const { flights } of readFlights(file, ['origin', 'delay'], { from, to, size: 20_000 })) {
      for (const { origin, delay } of flights) add(delays, origin, delay, 1);
    }
    const path = join(folder, `extract-${from}.json`);
    await store(path, delays);
    record(ledger, ctx, 'done');
    return { path };
  },
});

/** Delays of more than this are taken for mistakes, minutes. */
const MOST = 6 * 60;

const clean = defineJob({
  name: 'nightly.clean',
  queue,
  payload: z.object({ path: z.string(), ledger: z.string().optional() }),
  async run(ctx, { path, ledger }) {
    const kept: Delays = {};
    let dropped = 0;
    for (const [airport, counts] of Object.entries(await load(path)))
      for (const [delay, count] of Object.entries(counts)) {
        if (Math.abs(Number(delay)) > MOST) dropped += count;
        else add(kept, airport, Number(delay), count);
      }
    const cleaned = path.replace('extract', 'clean');
    await store(cleaned, kept);
    record(ledger, ctx, 'done');
    return { path: cleaned, dropped };
  },
});

const gather = defineJob({
  name: 'nightly.gather',
  queue,
  payload: z.object({ folder: z.string(), paths: z.array(z.string()), ledger: z.string().optional() }),
  async run(ctx, { folder, paths, ledger }) {
    const all: Delays = {};
    for (const path of paths)
      for (const [airport, counts] of Object.entries(await load(path)))
        for (const [delay, count] of Object.entries(counts)) add(all, airport, Number(delay), count);
    const path = join(folder, 'airports.json');
    await store(path, all);
    record(ledger, ctx, 'done');
    return { path, airports: Object.keys(all).sort() };
  },
});

/** How sure is the mean delay of an airport? By resampling, with a generator whose state is part of the checkpoint. */
const score = defineJob({
  name: 'nightly.score',
  queue,
  payload: z.object({
    path: z.string(),
    airport: z.string(),
    rounds: z.int(),
    ledger: z.string().optional(),
  }),
  checkpoint: {
    version: 1,
    schema: z.object({ random: z.int(), round: z.int(), means: z.array(z.tuple([z.int(), z.int()])) }),
  },
  async run(ctx, { path, airport, rounds, ledger }) {
    const values = valuesOf((await load(path))[airport]!);
    const random = new Random(ctx.state?.random ?? values.length);
    const means = new Map(ctx.state?.means);
    for (let round = ctx.state?.round ?? 0; round < rounds; ) {
      const mean = meanOfResample(values, random);
      means.set(mean, (means.get(mean) ?? 0) + 1);
      round++;
      await ctx.checkpoint({ random: random.state, round, means: [...means] });
    }
    record(ledger, ctx, 'done');
    return { airport, flights: values.length, ...interval(means, rounds) };
  },
});

const publish = defineJob({
  name: 'nightly.publish',
  queue,
  payload: z.object({
    board: z.string(),
    dropped: z.int(),
    scores: z.array(z.object({ airport: z.string(), flights: z.int(), low: z.number(), high: z.number() })),
    ledger: z.string().optional(),
  }),
  async run(ctx, { board, dropped, scores, ledger }) {
    const ranking = scores.toSorted((a, b) => a.high - b.high || (a.airport < b.airport ? -1 : 1));
    // The board is replaced as a whole: doing it again changes nothing.
    await ctx.once('publish', () => store(board, { dropped, ranking }), { idempotent: true });
    record(ledger, ctx, 'done');
    return { airports: ranking.length, best: ranking[0]?.airport, dropped };
  },
});

/** A workflow: a part for each row group, each part cleaned, the airports scored beside each other, one board at the end. */
export default defineWorkflow({ name: 'nightly', queue, payload: night })
  .step('parts', parts)
  .step('extract', extract, {
    after: ['parts'],
    each: ({ results }) => results.parts,
    payload: ({ payload, item }) => ({ ...payload, ...item }),
  })
  .step('clean', clean, {
    after: ['extract'],
    each: ({ results }) => results.extract,
    payload: ({ payload, item }) => ({ path: item.path, ledger: payload.ledger }),
  })
  .step('gather', gather, {
    after: ['clean'],
    payload: ({ payload: { folder, ledger }, results }) => ({
      folder,
      ledger,
      paths: results.clean.map(({ path }) => path),
    }),
  })
  .step('score', score, {
    after: ['gather'],
    each: ({ results }) => results.gather.airports,
    payload: ({ payload: { rounds, ledger }, results, item }) => ({
      path: results.gather.path,
      airport: item,
      rounds,
      ledger,
    }),
  })
  .step('publish', publish, {
    after: ['clean', 'score'],
    payload: ({ payload: { folder, ledger }, results }) => ({
      board: join(folder, 'board.json'),
      dropped: results.clean.reduce((sum, { dropped }) => sum + dropped, 0),
      scores: results.score,
      ledger,
    }),
  });

function add(delays: Delays, airport: string, delay: number, count: number): void {
  delays[airport] ??= {};
  delays[airport][delay] = (delays[airport][delay] ?? 0) + count;
}

function valuesOf(counts: Record<string, number>): Int16Array {
  const delays = Object.keys(counts)
    .map(Number)
    .sort((a, b) => a - b);
  return Int16Array.from(delays.flatMap(delay => Array<number>(counts[delay]!).fill(delay)));
}

/** Whole or not at all, also where two write it. */
async function store(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${process.pid}.${performance.now()}`;
  await writeFile(draft, JSON.stringify(value));
  await rename(draft, path);
}

const load = async (path: string): Promise<Delays> => JSON.parse(await readFile(path, 'utf8')) as Delays;
