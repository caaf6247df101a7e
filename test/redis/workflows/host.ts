import { type Job, UnrecoverableError } from 'bullmq';
import { ownIntent } from '../../../src/host/own-intent.js';
import type { Intent } from '../../../src/model/intent.js';
import { fieldOf } from '../../../src/model/kept-workflow.js';
import type { PartOf } from '../../../src/model/workflow.js';
import type { ClaimPlace } from '../../../src/queue/consumer.js';
import { ownOptionsOf } from '../../../src/queue/own-options.js';
import { readIntent } from '../../../src/store/intents.js';
import type { Store } from '../../../src/store/redis.js';
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
import { Agenda } from '../../../src/workflow/agenda.js';
import { claimedWorkflow } from '../../../src/workflow/claimed.js';
import { Foresight } from '../../../src/workflow/foresight.js';
import type { RunningRelease, WorkflowPorts } from '../../../src/workflow/ports.js';
import { LostAnswer } from './actors.js';
import { type Told, Violation } from './ledger.js';
import type { Release } from './releases.js';
import type { World } from './world.js';

const KEPT_MS = 60_000;
const LOCK_MS = 600_000;
/** Runs that it holds. */
const MOST_CLAIMS = 3;

interface Claim {
  job: Job;
  token: string;
  part: PartOf | null;
  right: { queue: string; jobId: string; token: string; fence: number };
  /** Its lock is over. */
  lost: boolean;
}

type End = { kind: 'completed'; result: unknown } | { kind: 'failed' | 'cancelled'; message: string };

/** Its claim is another's: it does no more. */
class Lost extends Error {}

/**
 * A host, between its start and its death. Agenda, claims of workflow runs and all that goes into Redis are the real ones; what is played are its workers, and which acts of a run
 * follow each other, as in `src/host`.
 */
export class Host {
  readonly #store: Store;
  readonly #agenda: Agenda;
  readonly #ports: WorkflowPorts;
  readonly #foresight = new Foresight();
  readonly #claims = new Set<Claim>();
  #release: Release | null = null;
  #gate = false;
  #drain = false;
  /** What it was told last still binds. */
  #isCurrent = true;
  /** Its record is over: nobody waits for it. */
  isGone = false;
  /** Runs that compute, or whose end is being recorded. */
  #running = 0;
  #looks = false;
  #follows = false;
  #waiting: (() => void)[] = [];
  #tokens = 0;

  /** @param name as windows know it. @param id another one for each start. */
  constructor(
    private readonly world: World,
    readonly name: string,
    readonly id: string,
  ) {
    const { actors, ground } = world;
    this.#store = actors.storeOf(id, ground.store);
    this.#ports = {
      app: world.app,
      store: this.#store,
      queues: actors.queuesOf(id, ground.queues),
      retention: { completedMs: KEPT_MS, failedMs: KEPT_MS },
      claims: { placeIn: () => this.#place() },
      foresight: this.#foresight,
      limits: { payloadBytes: 1_000_000, readBytes: 1_000_000, atOnce: 2 },
      release: () => (this.mayBegin ? this.#code() : null),
      unfit: (_run, step, reason) => world.deploys.unfit(step, reason),
    };
    this.#agenda = new Agenda({ ports: this.#ports, onError: error => world.onError(id, error) });
  }

  get release(): string | null {
    return this.#release?.id ?? null;
  }

  /** Something may begin here. */
  get mayBegin(): boolean {
    if (this.world.bugs.gate && this.#release) return true;
    return this.isOpen;
  }

  /** What it may do by what it was told, whatever is wrong with it. */
  get isOpen(): boolean {
    return this.#gate && this.#isCurrent;
  }

  holds = (token: string): boolean => [...this.#claims].some(claim => claim.token === token && !claim.lost);

  /** Begins one of the things that it does by itself. */
  beginOne(): void {
    const { actors, random, bugs } = this.world;
    switch (random.weighted({ follow: 25, look: 35, claim: 40 })) {
      case 'follow':
        return this.follow();
      case 'look':
        if (!this.#looks && this.mayBegin && !bugs.sweep)
          actors.begin(this.id, 'looks at the agenda', () => this.#look());
        return;
      case 'claim':
        // Also now and then while the gate is closed: such a claim was on its way when it did.
        if (this.#claims.size < MOST_CLAIMS && (this.mayBegin || random.chance(0.1)))
          actors.begin(this.id, 'claims', () => this.#claim());
    }
  }

  follow(): void {
    if (!this.#follows) this.world.actors.begin(this.id, 'looks at the intent', () => this.#follow());
  }

  async #look(): Promise<void> {
    this.#looks = true;
    await this.#agenda.look().catch(error => this.world.onError(this.id, error));
    this.#looks = false;
  }

  async #follow(): Promise<void> {
    const { deploys, actors, app } = this.world;
    this.#follows = true;
    try {
      const intent = await readIntent(this.#store, app);
      if (intent) this.#obey(ownIntent(intent, this.name));
      const report = { revision: intent?.revision ?? 0, release: this.release, running: this.#running };
      await actors.act(this.id, 'store', 'reports', async () => deploys.heard(this.name, report));
    } catch (error) {
      this.world.onError(this.id, error);
    }
    this.#follows = false;
  }

  /** As `AppHost.follow`: with the gate first, and another release where nothing computes any more. */
  #obey(intent: Intent): void {
    this.#isCurrent = true;
    const isForeign = () => this.#release !== null && this.#release.id !== intent.release;
    this.#gate = false;
    if (isForeign() && this.#running === 0) this.#release = null;
    if (!this.#release) {
      this.#release = this.world.releases.get(intent.release!)!;
      this.world.actors.tell(`${this.id} runs on ${this.release} now`);
    }
    this.#gate = intent.gate === 'open' && !isForeign();
    this.#drain = intent.drain || isForeign();
    if (!this.mayBegin) return;
    for (const goOn of this.#waiting.splice(0)) goOn();
    if (!this.#looks && !this.world.bugs.sweep) void this.#look();
  }

  #code(): RunningRelease {
    const release = this.#release!;
    const { actors } = this.world;
    return {
      jobs: release.jobs,
      workflows: release.workflows,
      evaluate: question =>
        actors.act(this.id, 'code', `${release.id} is asked about ${question.step}`, async () =>
          this.world.code.answer(release, question),
        ),
    };
  }

  /** It stands still for so long that its locks end, and its workers with them. */
  hang(): void {
    this.isGone = true;
    this.#isCurrent = false;
    for (const claim of this.#claims) claim.lost = true;
    this.world.actors.endWork(this.id, new Lost('its workers were ended'));
  }

  /** Who puts a run into the queue may claim right behind. */
  #place(): ClaimPlace | null {
    const { actors, ground } = this.world;
    if (this.#claims.size >= MOST_CLAIMS) return null;
    const { redis } = actors.storeOf(this.id, ground.store, 'claim');
    return { redis, claim: () => actors.begin(this.id, 'claims at once', () => this.#claim()) };
  }

  async #claim(): Promise<void> {
    const token = `${this.id}/${++this.#tokens}`;
    const { actors, ground } = this.world;
    const job = await actors
      .act(this.id, 'claim', 'claim', async () => ground.worker.getNextJob(token, { block: false }))
      .catch(error => this.world.onError(this.id, error));
    if (!job) return;
    const { part = null } = ownOptionsOf(job.opts);
    const right = { queue: job.queueName, jobId: job.id!, token, fence: 0 };
    const claim: Claim = { job, token, part, right, lost: false };
    this.#claims.add(claim);
    try {
      await (job.name === 'w' ? this.#stand(claim) : this.#run(claim));
    } catch (error) {
      if (!(error instanceof Lost || error instanceof FencedError)) throw error;
      actors.tell(`${this.id} has lost ${job.id}`);
      await this.world.ledger.lost(this.id, job.id!);
    } finally {
      this.#claims.delete(claim);
    }
  }

  /** Runs start and go on while something may begin, and only then. */
  async #begun(claim: Claim): Promise<void> {
    while (!this.mayBegin) await new Promise<void>(resolve => this.#waiting.push(resolve));
    if (claim.lost) throw new Lost('its lock is over');
    this.#running++;
  }

  async #start(claim: Claim): Promise<Started> {
    for (;;) {
      await this.#begun(claim);
      const release = this.#release!;
      const by = { release: release.id, host: this.id, app: this.world.app, crashed: false, crashLimit: 3 };
      try {
        const { right, part } = claim;
        const started = await this.#until(() =>
          startRun(this.#store, { ...right, part }, { ...by, lockMs: LOCK_MS }),
        );
        if (started.kind === 'lost' || claim.lost) throw new Lost('its lock is over');
        right.fence = started.fence;
        if (started.kind !== 'ok' || (this.mayBegin && this.#release === release)) return started;
      } catch (error) {
        this.#running--;
        throw error;
      }
      this.#running--;
    }
  }

  async #run(claim: Claim): Promise<void> {
    const started = await this.#start(claim);
    let end: End;
    try {
      end = await this.#ended(claim, started);
    } finally {
      this.#running--;
    }
    await this.#record(claim, end);
  }

  async #ended(claim: Claim, started: Started): Promise<End> {
    switch (started.kind) {
      case 'settled':
        return started.end === 'completed'
          ? { kind: 'completed', result: started.result }
          : { kind: started.end, message: started.end };
      case 'cancelled':
        return this.#cancelled(claim);
      case 'ok':
        return this.#compute(claim, Number(started.checkpoint?.state ?? 0));
      default:
        throw new Violation(`${claim.right.jobId} is ${started.kind}`);
    }
  }

  async #compute(claim: Claim, from: number): Promise<End> {
    const { actors, ledger, story, code } = this.world;
    const { right, part, job } = claim;
    const { jobId } = right;
    const field = fieldOf(part!.step, part!.index);
    const works = () =>
      actors.act(this.id, 'work', `computes ${field}`, () =>
        ledger.computes(jobId, part!, { actor: this.id, release: this.release! }, job.data as Told),
      );
    for (let chance = from; chance < story.steps[part!.step]!.chances; chance++) {
      await works();
      if (this.#drain) await this.#yield(claim, chance);
    }
    await works();
    ledger.does(jobId);
    const fails = code.fails(part!);
    const error = { name: 'Error', message: `${field} fails`, stack: '' };
    if (fails) await this.#until(() => failRun(this.#store, right, { kind: 'failed', attempts: 1, error }));
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
    const saved = await this.#until(() => saveRun(this.#store, right, checkpoint, 'yield'));
    right.fence = saved.fence;
    this.world.seen.yields++;
    this.#running--;
    try {
      await this.#begun(claim);
    } catch (error) {
      this.#running++;
      throw error;
    }
    await this.#until(() => handOver(this.#store, right, this.release!, this.id));
  }

  async #cancelled(claim: Claim): Promise<End> {
    const { right } = claim;
    await this.#until(() => failRun(this.#store, right, { kind: 'cancelled', attempts: 0 }));
    const error = { name: 'cancelled', message: 'cancelled', stack: '' };
    if (claim.part) await this.#settle(claim, { kind: 'cancelled', run: right.jobId, error });
    return { kind: 'cancelled', message: 'cancelled' };
  }

  /** Begins, reopens or ends a workflow run. */
  async #stand(claim: Claim): Promise<void> {
    const { right, job, token } = claim;
    const started = await this.#start(claim);
    let standing: Awaited<ReturnType<typeof claimedWorkflow>>;
    try {
      const payload = JSON.stringify(job.data);
      const cancelled = started.kind === 'cancelled';
      const standIn = {
        right,
        runId: job.id!,
        name: 'w',
        payload,
        scheduledFor: null,
        priority: job.opts.priority ?? 0,
        cancelled,
      };
      standing = await claimedWorkflow(this.#ports, this.#code(), standIn);
    } catch (error) {
      if (!(error instanceof LostAnswer)) throw error;
      await this.#queue(`gives ${job.id} back`, job, () => job.moveToWait(token));
      return;
    } finally {
      this.#running--;
    }
    if (standing.kind === 'none') throw new Violation('it is none of a workflow');
    if (standing.kind === 'aside') {
      await this.#queue('aside', job, () => job.moveToDelayed(Date.now() + 1e9, token));
      return this.#agenda.move(right);
    }
    const { end } = standing;
    if (end.kind !== 'completed' && end.kind !== 'failed' && end.kind !== 'cancelled')
      throw new Violation(`it is ${(end as { kind: string }).kind}`);
    if (end.kind !== 'completed') {
      const error = end.kind === 'failed' ? { error: end.error } : {};
      await this.#until(() => failRun(this.#store, right, { kind: end.kind, attempts: 0, ...error }));
    }
    const again = end.kind !== 'completed';
    if (await this.#record(claim, again ? { kind: end.kind, message: end.kind } : end))
      await this.#tidy(() => endWorkflow(this.#store, right, { keepMs: KEPT_MS, again }));
  }

  async #settle({ right, part }: Claim, how: Settled): Promise<void> {
    const settling = this.#until(() => settleStep(this.#store, this.world.app, right, part!, how));
    const release = this.#ports.release();
    if (how.kind === 'done' && release)
      this.#foresight.ends(release, part!, JSON.stringify(how.result ?? null));
    const answer = await settling;
    if (answer.kind === 'gone') throw new Violation(`${right.jobId} is nobody's any more`);
    if (answer.kind === 'settled') this.#agenda.move(part!, answer.released);
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
    if (isRecorded) await this.#tidy(() => finishRun(this.#store, right, how));
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
      await this.#until(() => this.world.actors.act(this.id, 'queue', what, move));
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

export const doneBy = (field: string): string => `done ${field}`;
