import type { ProofItem, ProofResult } from '../model/messages.js';
import type { JobManifest } from '../model/release.js';
import type { Envelope, Parked } from '../model/run.js';
import { isAbove } from '../model/way-down.js';
import { Together } from '../platform/together.js';
import { readFormer, readWriter } from '../store/origins.js';
import type { Store } from '../store/redis.js';
import { keepSeat } from '../store/seats.js';
import type { BringDown, BroughtDown } from './bring-down.js';
import type { HeldRun } from './held-run.js';
import type { HeldRuns } from './held-runs.js';
import type { Pool } from './pool.js';
import type { RunEnds } from './run-ends.js';
import type { RunEvents } from './run-events.js';
import type { RunWrites } from './run-writes.js';

export interface CarrierOptions {
  store: Store;
  bringDown: BringDown;
  held: HeldRuns;
  ends: RunEnds;
  writes: RunWrites;
  events: RunEvents;
  /** Hosts run two releases side by side now: what cannot be read here can be read elsewhere. */
  sideBySide(): boolean;
  /** ms, clock of Redis. */
  now(): number;
}

/** How long a run stays away that another host has to take. */
const ELSEWHERE_MS = 500;

/**
 * Carries a run into older code than that which saved its state: brought down, from its last position in an older version, or not at all. Nothing is written at
 * that: the next save is. So a run that never gets to start has lost nothing.
 */
export class Carrier {
  readonly #readable = new Together<{ pool: Pool; item: ProofItem }, ProofResult | undefined>(
    (_release, asked) => validate(asked),
  );

  constructor(private readonly options: CarrierOptions) {}

  /** Makes what the run goes on from fit for this pool's code, if it has its job. @returns whether it may enter; if not, it is settled. */
  async fit(run: HeldRun, pool: Pool): Promise<boolean> {
    const job = pool.jobs.get(run.job);
    const { checkpoint } = run;
    if (!job) return this.#withoutJob(run, pool);
    if (!checkpoint?.state || !isAbove(checkpoint.version, job)) return true;
    if (this.options.sideBySide()) return this.#elsewhere(run);
    const { bringDown } = this.options;
    const { state, version } = checkpoint;
    const writer = await readWriter(this.options.store, run.claimed);
    const brought = await bringDown.bring({ job: run.job, version, state, writer, reads: job.reads });
    switch (brought.kind) {
      case 'down':
        return this.#goOn(run, pool, checkpoint, brought);
      case 'failed':
        return this.#park(run, couldNot(run, pool, job, brought.failure));
      case 'no-way':
        if (brought.onRollback === 'repeat') return this.#repeat(run, job);
        return this.#park(run, mayNot(run, pool, job));
    }
  }

  async #goOn(
    run: HeldRun,
    pool: Pool,
    { version: from, cursors }: Envelope,
    { version, state }: BroughtDown & { kind: 'down' },
  ): Promise<boolean> {
    const item: ProofItem = { job: run.job, version, state, to: 'up' };
    const read = await this.#readable.ask(pool.release, { pool, item });
    if (read && !read.ok) return this.#park(run, couldNot(run, pool, pool.jobs.get(run.job)!, read.failure));
    run.checkpoint = { version, state, cursors };
    this.options.events.broughtDown(run);
    this.options.writes.note(run, `its state was brought down from version ${from} to version ${version}`);
    return true;
  }

  async #repeat(run: HeldRun, job: JobManifest): Promise<boolean> {
    const { store, events, writes } = this.options;
    const from = run.checkpoint!.version;
    const { checkpoint, lost } = await readFormer(store, run.claimed, version => job.reads.includes(version));
    run.checkpoint = checkpoint;
    events.setBack(run, lost);
    const where = checkpoint === null ? 'the beginning' : `its last position before version ${from}`;
    writes.note(run, `its state of version ${from} has no way down: it goes on from ${where}`);
    return true;
  }

  /** With the seat that it may have: what it has begun is not over. */
  async #elsewhere(run: HeldRun): Promise<false> {
    const { store, held, now } = this.options;
    await keepSeat(store, run.claimed, now() + ELSEWHERE_MS);
    held.settle(run, { kind: 'elsewhere', delayMs: ELSEWHERE_MS });
    return false;
  }

  /** Where hosts run two releases, the other one has it. Else it waits for a release that does, and people are told. */
  async #withoutJob(run: HeldRun, { release }: Pool): Promise<false> {
    const task = run.claimed.taskRelease !== null;
    if (!task && this.options.sideBySide()) return this.#elsewhere(run);
    const goesOn = task ? '' : ' (it then goes on by itself)';
    const reason = `job ${run.job} is not in release ${release}: deploy a release that has it${goesOn}, or cancel the run`;
    const parked: Parked = { reason, choices: ['retry', 'cancel'] };
    await this.options.ends.end(run, { kind: 'parked', parked, ...(!task && { lacks: run.job }) });
    return false;
  }

  async #park(run: HeldRun, reason: string): Promise<false> {
    const parked: Parked = { reason, choices: ['retry', 'restart', 'cancel'] };
    await this.options.ends.end(run, { kind: 'parked', parked });
    return false;
  }
}

/** By a worker of the pool. One that dies over it says nothing: then the run finds out itself. */
async function validate(asked: { pool: Pool; item: ProofItem }[]): Promise<(ProofResult | undefined)[]> {
  const process = asked[0]!.pool.slots.find(slot => slot.ready)?.process;
  const results = (await process?.prove(asked.map(({ item }) => item))) ?? [];
  return asked.map((_, i) => results[i]);
}

const reads = (job: JobManifest): string =>
  job.reads.length === 0
    ? 'no state'
    : `${job.reads.length === 1 ? 'version' : 'versions'} ${job.reads.join(', ')}`;

const COULD = 'and choose "retry", or "restart" from the beginning';

function couldNot(
  run: HeldRun,
  pool: Pool,
  job: JobManifest,
  { path, message }: { path: string; message: string },
): string {
  const { version } = run.checkpoint!;
  return `its state of version ${version} could not be brought down for release ${pool.release}, whose job "${run.job}" reads ${reads(job)}: ${path ? `${path}: ` : ''}${message}. Deploy a release that reads version ${version} ${COULD}`;
}

function mayNot(run: HeldRun, pool: Pool, job: JobManifest): string {
  const { version } = run.checkpoint!;
  return `release ${pool.release} went back to a job "${run.job}" that reads ${reads(job)}, its state has version ${version}, and there is no downgrade (onRollback: park). Deploy a release that reads version ${version} ${COULD}`;
}
