import type { Job, Queue } from 'bullmq';
import { type Limits, limitsOf } from '../../src/model/limits.js';
import { placeOf } from '../../src/queue/run-places.js';
import { callLine, leaveSeat, type Seat, takeSeat } from '../../src/store/seats.js';
import { useQueue } from './queues.js';
import type { TestStore } from './store.js';

const QUEUE = 'q';
const JOB = 'job';

export interface Claim {
  job: Job;
  id: string;
  token: string;
}

/** One job with limits in a queue of its own, with claims and seats as a host takes them. */
export interface Line {
  store: TestStore;
  queue: Queue;
  limits: Limits;
  add(...ids: string[]): Promise<void>;
  /** The next that can be claimed. */
  claim(): Promise<Claim | null>;
  /** Its claim, and what it is answered. */
  ask(claim: Claim, how?: { key?: string; goesOn?: boolean }): Promise<Seat>;
  /** Claims all that can be, and asks for each. @returns those that have a seat, by ID. */
  startAll(keyOf?: (id: string) => string | undefined): Promise<Map<string, Claim>>;
  /** Ends a run, as far as the queue knows. */
  end(claim: Claim): Promise<void>;
  leave(id: string): Promise<void>;
  /** A look, as if the last one was long ago. */
  look(): Promise<void>;
  place(id: string): Promise<string>;
  run(id: string): Promise<Record<string, string>>;
  /** Before the end of the test. */
  close(): Promise<void>;
}

/** @param limits of which the rest is as for a job that says nothing. @param url of another Redis. */
export function useLine(limits: Partial<Limits>, url?: string): Line {
  const { store, queue, worker, close } = useQueue(QUEUE, url);
  let tokens = 0;
  const line: Line = {
    store,
    queue,
    limits: { ...limitsOf(undefined), ...limits },
    async add(...ids) {
      await queue.addBulk(ids.map(id => ({ name: JOB, data: {}, opts: { jobId: id } })));
    },
    async claim() {
      const token = `t${++tokens}`;
      const job = (await worker.getNextJob(token, { block: false })) as Job | undefined;
      return job ? { job, id: job.id!, token } : null;
    },
    ask: ({ id, token }, { key = null, goesOn = false }: { key?: string | null; goesOn?: boolean } = {}) =>
      takeSeat(store, {
        queue: QUEUE,
        job: JOB,
        jobId: id,
        token,
        key,
        goesOn,
        limits: line.limits,
        agingMs: 60_000,
      }),
    async startAll(keyOf = () => undefined) {
      const seated = new Map<string, Claim>();
      for (let claim = await line.claim(); claim; claim = await line.claim()) {
        const key = keyOf(claim.id);
        const { kind } = await line.ask(claim, key === undefined ? {} : { key });
        if (kind === 'ok') seated.set(claim.id, claim);
      }
      return seated;
    },
    async end({ job, token }) {
      await job.moveToCompleted(null, token, false);
    },
    leave: jobId => leaveSeat(store, { queue: QUEUE, job: JOB, jobId, limits: line.limits, ended: true }),
    async look() {
      const { redis, keys } = store;
      const guards = await redis.keys(`${keys.seats(QUEUE, JOB)}*:looked`);
      if (guards.length > 0) await redis.del(...guards);
      await callLine(store, { queue: QUEUE, job: JOB, limits: line.limits });
    },
    place: id => placeOf(store, QUEUE, id),
    close,
    run: id => store.redis.hgetall(store.keys.run(QUEUE, id)),
  };
  return line;
}
