import { type Job, UnrecoverableError } from 'bullmq';
import { fieldOf } from '../../../src/model/kept-workflow.js';
import type { PartOf } from '../../../src/model/workflow.js';
import type { ClaimPlace } from '../../../src/queue/consumer.js';
import { ownOptionsOf } from '../../../src/queue/own-options.js';
import {
  FencedError,
  failRun,
  finishRun,
  handOver,
  type Started,
  startRun,
} from '../../../src/store/runs.js';
import { saveRun } from '../../../src/store/saves.js';
import { endWorkflow } from '../../../src/store/workflows/begin.js';
import { type Settled, settleStep } from '../../../src/store/workflows/settle.js';
import { claimedWorkflow } from '../../../src/workflow/claimed.js';
import { LostAnswer } from './actors.js';
import type { Host } from './host.js';
import { type Told, Violation } from './ledger.js';
import { INNER, OUTER, type Release } from './releases.js';

export const KEPT_MS = 60_000;
const LOCK_MS = 600_000;
/** Runs that a host holds. */
const MOST_CLAIMS = 3;

interface Claim {
  job: Job;
  token: string;
  part: PartOf | null;
  right: { queue: string; jobId: string; token: string; fence: number };
  /** Its lock is over. */
  lost: boolean;
  /** On which it computes, or is about to. */
  release: Release | null;
  /** Chosen for the share of a canary; `null`: nobody has asked yet. */
  isAhead: boolean | null;
}

type End = { kind: 'completed'; result: unknown } | { kind: 'failed' | 'cancelled'; message: string };

/** Its claim is another's: it does no more. */
class Lost extends Error {}

/** The runs that a host holds: which acts follow each other from a claim to its end is played, as in `src/host`; each act is the real one. */
export class Runs {
  readonly #claims = new Set<Claim>();
  /** Those that compute, or whose end is being recorded. */
  #running = 0;
  #waiting: (() => void)[] = [];
  #tokens = 0;

  constructor(private readonly host: Host) {}

  get running(): number {
    return this.#running;
  }

  /** Those that compute on another release than the host runs: of a canary. */
  get ahead(): number {
    const isAhead = ({ release }: Claim) => release !== null && release !== this.host.running;
    return [...this.#claims].filter(isAhead).length;
  }

  get hasRoom(): boolean {
    return this.#claims.size < MOST_CLAIMS;
  }

  holds = (token: string): boolean => [...this.#claims].some(claim => claim.token === token && !claim.lost);

  /** Runs may start. */
  goOn(): void {
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  /** Their locks have ended, and their workers with them. */
  lose(): void {
    for (const claim of this.#claims) claim.lost = true;
    this.host.world.actors.endWork(this.host.id, new Lost('its workers were ended'));
  }

  /** A window waits for it as for what computes. */
  async recording<T>(work: Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work;
    } finally {
      this.#running--;
    }
  }

  claim(what: string): void {
    this.host.world.actors.begin(this.host.id, what, () => this.#claim());
  }

  /** Who puts a run into the queue may claim right behind. */
  place(): ClaimPlace | null {
    const { actors, ground } = this.host.world;
    if (!this.hasRoom) return null;
    const { redis } = actors.storeOf(this.host.id, ground.store, 'claim');
    return { redis, claim: () => this.claim('claims at once') };
  }

  async #claim(): Promise<void> {
    const token = `${this.host.id}/${++this.#tokens}`;
    const { actors, ground } = this.host.world;
    const job = await actors
      .act(this.host.id, 'claim', 'claim', async () => ground.worker.getNextJob(token, { block: false }))
      .catch(error => this.host.world.onError(this.host.id, error));
    if (!job) return;
    const { part = null } = ownOptionsOf(job.opts);
    const right = { queue: job.queueName, jobId: job.id!, token, fence: 0 };
    const claim: Claim = { job, token, part, right, lost: false, release: null, isAhead: null };
    this.#claims.add(claim);
    try {
      await (isWorkflow(job) ? this.#stand(claim) : this.#run(claim));
    } catch (error) {
      if (!(error instanceof Lost || error instanceof FencedError)) throw error;
      actors.tell(`${this.host.id} has lost ${job.id}`);
      await this.host.world.ledger.lost(this.host.id, job.id!);
    } finally {
      this.#claims.delete(claim);
    }
  }

  /** Runs start and go on while something may begin, and only then. */
  async #begun(claim: Claim): Promise<void> {
    while (!this.host.mayBegin) await new Promise<void>(resolve => this.#waiting.push(resolve));
    if (claim.lost) throw new Lost('its lock is over');
    this.#running++;
  }

  async #start(claim: Claim): Promise<Started> {
    for (;;) {
      await this.#begun(claim);
      const release = await this.#lane(claim);
      const by = {
        release: release.id,
        host: this.host.id,
        app: this.host.world.app,
        crashed: false,
        crashLimit: 3,
      };
      try {
        const { right, part } = claim;
        const started = await this.#until(() =>
          startRun(this.host.store, { ...right, part }, { ...by, lockMs: LOCK_MS }),
        );
        if (started.kind === 'lost' || claim.lost) throw new Lost('its lock is over');
        right.fence = started.fence;
        if (started.kind !== 'ok' || (this.host.mayBegin && !this.#mustLeave(claim))) return started;
      } catch (error) {
        this.#running--;
        claim.release = null;
        throw error;
      }
      this.#running--;
      claim.release = null;
    }
  }

  /** As `Lanes`: where it computes. A workflow run computes nothing, and has the release that runs. */
  async #lane(claim: Claim): Promise<Release> {
    const { host } = this;
    if (claim.part && !isWorkflow(claim.job) && host.sharing && claim.isAhead === null) {
      const { keys } = host.store;
      const { queue, jobId } = claim.right;
      const release = await this.#until(() => host.store.redis.hget(keys.run(queue, jobId), 'release'));
      const { id, share } = { id: host.sharing?.release.id, share: host.sharing?.share ?? 0 };
      claim.isAhead = release === null ? chanceOf(host.world.story.seed, claim.part) < share : release === id;
    }
    claim.release = (claim.isAhead && host.sharing?.release) || host.running!;
    return claim.release;
  }

  /** The release on which it computes is to compute no more here. */
  #mustLeave({ release }: Claim): boolean {
    const { running, sharing } = this.host;
    return release !== running && release !== sharing?.release;
  }

  async #run(claim: Claim): Promise<void> {
    const started = await this.#start(claim);
    let end: End;
    try {
      end = await this.#ended(claim, started);
    } finally {
      this.#running--;
      claim.release = null;
    }
    await this.#record(claim, end);
  }

  async #ended(claim: Claim, started: Started): Promise<End> {
    switch (started.kind) {
      case 'settled':
        return endOf(started);
      case 'cancelled':
        return this.#cancelled(claim);
      case 'ok':
        return this.#compute(claim, Number(started.checkpoint?.state ?? 0));
      default:
        throw new Violation(`${claim.right.jobId} is ${started.kind}`);
    }
  }

  async #compute(claim: Claim, from: number): Promise<End> {
    const { actors, ledger, story, code, seen, jobId: outer } = this.host.world;
    const { right, part, job } = claim;
    const { jobId } = right;
    const field = fieldOf(part!.step, part!.index);
    if (part!.jobId !== outer) seen.inner++;
    if (claim.release !== this.host.running) seen.ahead++;
    const works = () =>
      actors.act(this.host.id, 'work', `computes ${field}`, () =>
        ledger.computes(jobId, part!, { actor: this.host.id, release: claim.release!.id }, job.data as Told),
      );
    for (let chance = from; chance < story.steps[part!.step]!.chances; chance++) {
      await works();
      if (this.host.drains || this.#mustLeave(claim)) await this.#yield(claim, chance);
    }
    await works();
    ledger.does(jobId);
    const fails = code.fails(part!);
    const error = { name: 'Error', message: `${field} fails`, stack: '' };
    if (fails)
      await this.#until(() => failRun(this.host.store, right, { kind: 'failed', attempts: 1, error }));
    await this.#settle(
      claim,
      fails ? { kind: 'failed', run: jobId, error } : { kind: 'done', result: doneBy(field) },
    );
    ledger.left(jobId);
    return fails ? { kind: 'failed', message: 'failed' } : { kind: 'completed', result: doneBy(field) };
  }

  /** It has come to a checkpoint, and goes on from there on whatever release runs then. */
  async #yield(claim: Claim, at: number): Promise<void> {
    const { right } = claim;
    const checkpoint = { state: String(at), version: 1, cursors: null };
    const saved = await this.#until(() => saveRun(this.host.store, right, checkpoint, 'yield'));
    right.fence = saved.fence;
    this.host.world.seen.yields++;
    this.#running--;
    claim.release = null;
    try {
      await this.#begun(claim);
    } catch (error) {
      this.#running++;
      throw error;
    }
    const { id } = await this.#lane(claim);
    await this.#until(() => handOver(this.host.store, right, id, this.host.id));
    // As with every start: no run enters a worker once its lock may be over.
    if (claim.lost) throw new Lost('its lock is over');
  }

  async #cancelled(claim: Claim): Promise<End> {
    const { right } = claim;
    await this.#until(() => failRun(this.host.store, right, { kind: 'cancelled', attempts: 0 }));
    await this.#settle(claim, { kind: 'cancelled', run: right.jobId, error: CANCELLED });
    return { kind: 'cancelled', message: 'cancelled' };
  }

  /** Begins, reopens or ends a workflow run. */
  async #stand(claim: Claim): Promise<void> {
    const { right, job, token } = claim;
    const started = await this.#start(claim);
    if (started.kind === 'settled') {
      this.#running--;
      claim.release = null;
      const again = started.end !== 'completed';
      return this.#over(claim, endOf(started), again);
    }
    let standing: Awaited<ReturnType<typeof claimedWorkflow>>;
    try {
      const payload = JSON.stringify(job.data);
      const cancelled = started.kind === 'cancelled';
      const standIn = {
        right,
        runId: job.id!,
        name: job.name,
        payload,
        scheduledFor: null,
        priority: job.opts.priority ?? 0,
        cancelled,
      };
      standing = await claimedWorkflow(this.host.ports, this.host.code(), standIn);
    } catch (error) {
      if (!(error instanceof LostAnswer)) throw error;
      await this.#queue(`gives ${job.id} back`, job, () => job.moveToWait(token));
      return;
    } finally {
      this.#running--;
      claim.release = null;
    }
    if (standing.kind === 'none') throw new Violation('it is none of a workflow');
    if (standing.kind === 'aside') {
      await this.#queue('aside', job, () => job.moveToDelayed(Date.now() + 1e9, token));
      return this.host.agenda.move(right);
    }
    const { end } = standing;
    if (end.kind !== 'completed' && end.kind !== 'failed' && end.kind !== 'cancelled')
      throw new Violation(`it is ${(end as { kind: string }).kind}`);
    if (end.kind !== 'completed') {
      const error = end.kind === 'failed' ? { error: end.error } : {};
      await this.#until(() => failRun(this.host.store, right, { kind: end.kind, attempts: 0, ...error }));
    }
    if (end.kind === 'completed') await this.#settle(claim, { kind: 'done', result: end.result });
    else {
      const error = end.kind === 'failed' ? end.error : CANCELLED;
      await this.#settle(claim, { kind: end.kind, run: right.jobId, error });
    }
    const again = end.kind !== 'completed';
    await this.#over(claim, again ? { kind: end.kind, message: end.kind } : end, again);
  }

  /** The queue hears of the end of a workflow run, and what is kept of it goes in time. */
  async #over(claim: Claim, end: End, again: boolean): Promise<void> {
    if (await this.#record(claim, end))
      await this.#tidy(() => endWorkflow(this.host.store, claim.right, { keepMs: KEPT_MS, again }));
  }

  async #settle({ right, part }: Claim, how: Settled): Promise<void> {
    if (!part) return;
    const settling = this.#until(() => settleStep(this.host.store, this.host.world.app, right, part, how));
    const release = this.host.ports.release();
    if (how.kind === 'done' && release)
      this.host.foresight.ends(release, part, JSON.stringify(how.result ?? null));
    const answer = await settling;
    if (answer.kind === 'gone') throw new Violation(`${right.jobId} is nobody's any more`);
    if (answer.kind === 'settled') this.host.agenda.move(part, answer.released);
  }

  /** The queue hears of the end, and what was kept to go on with may go. */
  async #record({ job, token, right }: Claim, end: End): Promise<boolean> {
    const isRecorded =
      end.kind === 'completed'
        ? await this.#queue(`complete ${job.id}`, job, () => job.moveToCompleted(end.result, token, false))
        : await this.#queue(`fail ${job.id}`, job, () =>
            job.moveToFailed(new UnrecoverableError(end.message), token, false),
          );
    const how = { keepState: end.kind !== 'completed', keepMs: KEPT_MS };
    if (isRecorded) await this.#tidy(() => finishRun(this.host.store, right, how));
    return isRecorded;
  }

  /** As `Patience`: what was not answered is sent again. */
  async #until<Answer>(write: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof LostAnswer)) throw error;
      }
    }
  }

  /** As `settle` of `src/queue`: again and again, until the queue says that the job is not in our hands. @returns whether it has ended. */
  async #queue(what: string, job: Job, move: () => Promise<unknown>): Promise<boolean> {
    try {
      await this.#until(() => this.host.world.actors.act(this.host.id, 'queue', what, move));
      return true;
    } catch (error) {
      if (typeof (error as { code?: unknown }).code !== 'number') throw error;
      return ['completed', 'failed', 'unknown'].includes(await job.getState());
    }
  }

  /** Whoever comes next does it where this one does not. */
  async #tidy(write: () => Promise<void>): Promise<void> {
    await write().catch(error => {
      if (!(error instanceof LostAnswer)) throw error;
    });
  }
}

const isWorkflow = ({ name }: Job): boolean => name === OUTER || name === INNER;

const endOf = ({ end, result }: Extract<Started, { kind: 'settled' }>): End =>
  end === 'completed' ? { kind: 'completed', result } : { kind: end, message: end };

const CANCELLED = { name: 'cancelled', message: 'cancelled', stack: '' };

/** 0 to 1, for each run the same whenever it is asked. */
const chanceOf = (seed: number, { step, index }: PartOf): number =>
  [...`${seed} ${step} ${index}`].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 0) / 997;

export const doneBy = (field: string): string => `done ${field}`;
