import type { Limits } from '../model/limits.js';
import { type Store, script } from './redis.js';

/** Seats of a job's runs, over all hosts: see "Flow control" in src/queue/README.md. */
const takeScript = script<[string, number?]>('take-seat', 3);
const leaveScript = script<number>('leave-seat', 2);
const callScript = script<number>('call-line', 2);

export interface SeatOf {
  queue: string;
  job: string;
  limits: Limits;
}

export interface Asking extends SeatOf {
  jobId: string;
  token: string;
  key: string | null;
  /** So much waiting counts as one step of priority. */
  agingMs: number;
  /** It goes on after a stop: it is counted, and not kept waiting. */
  goesOn: boolean;
}

export type Seat =
  | { kind: 'ok' }
  /** It has a seat, and may begin in so long. */
  | { kind: 'early'; ms: number }
  /** It is in line: the claim has ended, and the run was moved. */
  | { kind: 'waits' }
  /** The claim is another's. */
  | { kind: 'lost' };

/** A line orders by time and priority in one number, which would lose its last digits beyond this. It stands for "no aging" as well. */
const LONGEST_AGING_MS = 50 * 60_000;

/** A claimed run asks for a seat. */
export async function takeSeat({ redis, keys }: Store, asking: Asking): Promise<Seat> {
  const { queue, jobId, token, key, agingMs, goesOn } = asking;
  const step = agingMs > 0 ? Math.min(agingMs, LONGEST_AGING_MS) : LONGEST_AGING_MS;
  const [kind, ms] = await takeScript(
    redis,
    keys.queue(queue),
    keys.seats(queue, asking.job),
    keys.lock(queue, jobId),
    ...argumentsOf(asking),
    jobId,
    token,
    key ?? '',
    step * 1_000,
    goesOn ? '1' : '0',
  );
  if (kind === 'early') return { kind, ms: ms ?? 0 };
  return { kind: kind as 'ok' | 'waits' | 'lost' };
}

/** A run has ended, or waits for its next attempt. Whether it had a seat does not matter. */
export async function leaveSeat(
  { redis, keys }: Store,
  seat: SeatOf & { jobId: string; ended: boolean },
): Promise<void> {
  const { queue, job, jobId, ended } = seat;
  await leaveScript(
    redis,
    keys.queue(queue),
    keys.seats(queue, job),
    ...argumentsOf(seat),
    jobId,
    ended ? '1' : '0',
  );
}

/** A run that is given back for a while stays on its seat: it may go on at that time, ms by the clock of Redis. */
export async function keepSeat(
  { redis, keys }: Store,
  { queue, jobId }: { queue: string; jobId: string },
  until: number,
): Promise<void> {
  await redis.hset(keys.run(queue, jobId), 'beginsAt', Math.ceil(until));
}

/** The jobs of a queue of which runs are in line. */
export const jobsInLine = ({ redis, keys }: Store, queue: string): Promise<string[]> =>
  redis.smembers(keys.lines(queue));

/** Frees the seats of runs that are gone, and calls who can be called. */
export async function callLine({ redis, keys }: Store, seat: SeatOf): Promise<void> {
  const { queue, job } = seat;
  await callScript(redis, keys.queue(queue), keys.seats(queue, job), ...argumentsOf(seat));
}

/** How many stand before a run in its line; `null`: it is in none. */
export async function aheadInLine(
  { redis, keys }: Store,
  { queue, job, jobId }: { queue: string; job: string; jobId: string },
): Promise<number | null> {
  const seats = keys.seats(queue, job);
  const [ofJob, key] = await Promise.all([
    redis.zrank(`${seats}:line`, jobId),
    redis.hget(keys.run(queue, jobId), 'seatKey'),
  ]);
  if (ofJob !== null || key === null) return ofJob;
  return redis.zrank(`${seats}:key:${key}:line`, jobId);
}

/** How many runs of a queue are in line, or have their instant. Of each job a thousand keys that have a line are counted. */
export async function countInLine(store: Store, queue: string): Promise<number> {
  const { redis, keys } = store;
  const counts = (await jobsInLine(store, queue)).map(async job => {
    const seats = keys.seats(queue, job);
    const [line, due, waiting] = await Promise.all([
      redis.zcard(`${seats}:line`),
      redis.zcard(`${seats}:due`),
      redis.zrange(`${seats}:keys`, '0', '999'),
    ]);
    const lines = redis.pipeline();
    for (const key of waiting) lines.zcard(`${seats}:key:${key}:line`);
    const ofKeys = (await lines.exec()) ?? [];
    return line + due + ofKeys.reduce((sum, [, count]) => sum + Number(count), 0);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

const argumentsOf = ({ job, limits: { concurrency, perKey, rate } }: SeatOf): (string | number)[] => [
  job,
  concurrency ?? '',
  perKey,
  rate?.max ?? '',
  rate?.perMs ?? '',
];
