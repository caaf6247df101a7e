import { setTimeout as wait } from 'node:timers/promises';
import type { Run, RunState } from '../src/model/run.js';
import type { Client } from './client.js';
import type { Order } from './work.js';

/** The orders by the ID of their run. */
export type Runs = Map<string, Order>;

/** States in which a run still has its work before it. */
const OPEN: RunState[] = ['queued', 'delayed', 'running', 'yielded', 'waiting'];

/** Asks for the runs, as any program would: one POST each. */
export async function enqueue(client: Client, orders: Order[]): Promise<Runs> {
  const runs: Runs = new Map();
  for (const order of orders) {
    const { id } = await client.post<{ id: string }>(`/v1/jobs/${order.job}/runs`, {
      payload: order.payload,
    });
    runs.set(id, order);
  }
  return runs;
}

/** Waits until every run has started, and every stream has a checkpoint that a release must be able to read. @returns those in flight. */
export async function untilInFlight(client: Client, runs: Runs): Promise<Run[]> {
  for (;;) {
    const open = await openRuns(client, runs);
    const streams = open.filter(run => run.job === 'flights.delays');
    if (open.every(run => run.state === 'running') && streams.every(run => run.checkpoint !== null))
      return open;
    await wait(50, undefined, { signal: client.signal });
  }
}

/** @returns all runs, when none is open any more. */
export async function untilEnded(client: Client, runs: Runs): Promise<Run[]> {
  while ((await openRuns(client, runs)).length > 0) await wait(200, undefined, { signal: client.signal });
  return ours(client, runs);
}

async function openRuns(client: Client, runs: Runs): Promise<Run[]> {
  return (await ours(client, runs)).filter(run => OPEN.includes(run.state));
}

async function ours(client: Client, runs: Runs): Promise<Run[]> {
  const all = await client.list<Run>('/v1/runs?');
  return all.filter(run => runs.has(run.id));
}

/** @returns `44 × flights.delays, 8 × …` */
export function tally(names: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => `${n} × ${name}`).join(', ');
}
