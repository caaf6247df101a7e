import { setImmediate as turn } from 'node:timers/promises';
import { interval, meanOfResample, Random } from '../jobs/_bootstrap.js';
import { delaysFrom, type Flight, readFlights } from '../jobs/_flights.js';
import { FLIGHTS, type Order } from './work.js';

/** What each run must answer. */
export type Answers = Map<Order, unknown>;

type Range = { from: number; to?: number };
type Compute = (payload: never) => Promise<unknown>;

/** The same questions, answered by plain loops in this process: no scheduler, no checkpoint, no interruption. */
export async function answersOf(orders: Order[], signal: AbortSignal): Promise<Answers> {
  const answers: Answers = new Map();
  for (const order of orders) {
    signal.throwIfAborted();
    await turn();
    const answer = await COMPUTE[order.job]!(order.payload as never);
    // As the API gives it: JSON has no -0.
    answers.set(order, JSON.parse(JSON.stringify(answer)));
  }
  return answers;
}

/** @returns how many rounds of `flights.confidence` take about `ms` here, so that the demo is as long on any machine. */
export async function roundsFor(ms: number): Promise<number> {
  const delays = await delaysFrom(FLIGHTS, 'ORD', { to: 50_000 });
  const random = new Random(0);
  const began = performance.now();
  let drawn = 0;
  while (performance.now() - began < 200) {
    meanOfResample(delays, random);
    drawn += delays.length;
  }
  // The airports of the demo have about 10,000 flights each in the rows that are asked for.
  return Math.max(200, Math.round(((drawn / 200) * ms) / 10_000));
}

const COMPUTE: Record<string, Compute> = {
  async 'flights.delays'(range: Range) {
    const sums = new Map<string, [flights: number, minutes: number]>();
    await forEach(range, ['origin', 'delay'], ({ origin, delay }) => {
      const [flights, minutes] = sums.get(origin) ?? [0, 0];
      sums.set(origin, [flights + 1, minutes + delay]);
    });
    return Object.fromEntries(
      [...sums]
        .sort()
        .map(([airport, [flights, minutes]]) => [airport, Math.round((100 * minutes) / flights) / 100]),
    );
  },

  async 'flights.confidence'({
    airport,
    from,
    to,
    rounds,
    seed,
  }: Range & { airport: string; rounds: number; seed: number }) {
    const delays = await delaysFrom(FLIGHTS, airport, { from, to });
    const random = new Random(seed);
    const means = new Map<number, number>();
    for (let round = 0; round < rounds; round++) {
      const mean = meanOfResample(delays, random);
      means.set(mean, (means.get(mean) ?? 0) + 1);
    }
    return { airport, flights: delays.length, ...interval(means, rounds) };
  },

  async 'flights.routes'(range: Range) {
    const routes = new Map<string, number>();
    await forEach(range, ['origin', 'destination'], ({ origin, destination }) => {
      add(routes, `${origin}-${destination}`);
    });
    return ranked(routes)
      .slice(0, 10)
      .map(([route, flights]) => ({ route, flights }));
  },

  async 'flights.scorecard'(range: Range) {
    const flights = new Map<string, number>();
    const late = new Map<string, number>();
    await forEach(range, ['origin', 'delay'], ({ origin, delay }) => {
      add(flights, origin);
      if (delay > 15) add(late, origin);
    });
    const shares = [...flights].map(([airport, n]): [string, number] => [
      airport,
      1 - (late.get(airport) ?? 0) / n,
    ]);
    const order = ranked(new Map(shares));
    return { airports: order.length, best: order[0]![0], worst: order.at(-1)![0] };
  },

  async 'flights.airports'(range: Partial<Range>) {
    const airports = new Map<string, number>();
    await forEach({ from: 0, ...range }, ['origin', 'destination'], ({ origin, destination }) => {
      add(airports, origin);
      add(airports, destination);
    });
    return { airports: airports.size, busiest: ranked(airports)[0]![0] };
  },
};

async function forEach<Column extends keyof Flight>(
  { from, to }: Range,
  columns: Column[],
  fn: (flight: Pick<Flight, Column>) => void,
): Promise<void> {
  for await (const { flights } of readFlights(FLIGHTS, columns, { from, to, size: 50_000 }))
    flights.forEach(fn);
}

const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);

/** Highest first, equals by name. */
const ranked = (counts: Map<string, number>) =>
  [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
