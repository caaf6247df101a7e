import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { fieldOf, isOver } from '../../../src/model/kept-workflow.js';
import type { PartOf, StepAnswer, StepQuestion } from '../../../src/model/workflow.js';
import { ownOptionsOf } from '../../../src/queue/own-options.js';
import { createQueues, type Queues } from '../../../src/queue/queues.js';
import { partRunId } from '../../../src/queue/workflow-runs.js';
import { takeDue } from '../../../src/store/agenda.js';
import { connect, type Store } from '../../../src/store/redis.js';
import { reopenRun, requestCancel } from '../../../src/store/run-requests.js';
import { failRun, finishRun, startRun } from '../../../src/store/runs.js';
import { endWorkflow } from '../../../src/store/workflows/begin.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import { type Settled, settleStep } from '../../../src/store/workflows/settle.js';
import { signalWorkflow } from '../../../src/store/workflows/signal.js';
import { advance } from '../../../src/workflow/advance.js';
import { claimedWorkflow } from '../../../src/workflow/claimed.js';
import { Foresight } from '../../../src/workflow/foresight.js';
import type { RunningRelease, WorkflowPorts } from '../../../src/workflow/ports.js';
import type { Random } from '../../simulation/random.js';
import { sampleJob } from '../../support/sample-releases.js';
import type { Actors } from './actors.js';
import type { Story } from './story.js';

export const APP = 'a';
export const QUEUE = 'q';
const KEPT = { completedMs: 60_000, failedMs: 60_000 };
const HOSTS = ['h1', 'h2', 'h3'];

/** What is shared by all stories of a file: connections cost more than a story. */
export interface Ground {
  store: Store;
  queues: Queues;
  worker: Worker;
  close(): Promise<void>;
}

export function ground(store: Store): Ground {
  const queues = createQueues(store);
  const client = connect(store.options);
  const worker = new Worker(QUEUE, null, {
    connection: client,
    prefix: store.keys.queuePrefix,
    lockDuration: 600_000,
    autorun: false,
  });
  worker.on('error', () => {});
  const close = async () => {
    await worker.close(true);
    client.disconnect();
    await queues.close();
  };
  return { store, queues, worker, close };
}

/** A promise that does not hold. */
export class Violation extends Error {}

/** Hosts that move one workflow run, as the real ones do: the real scripts, rules and queue; only code and processes are played. */
export class World {
  open = true;
  /** Who computes a run now. */
  readonly #computing = new Map<string, string>();
  /** How often a run was computed, and how often it may have been: once, and once more for each host that died over it and each retry. */
  readonly computed = new Map<string, number>();
  readonly #allowed = new Map<string, number>();
  mended = false;
  #claims = 0;
  /** What each host has asked before its time. */
  readonly #foresights = new Map<string, Foresight>();

  constructor(
    readonly ground: Ground,
    readonly story: Story,
    readonly jobId: string,
    readonly actors: Actors,
    readonly random: Random,
  ) {}

  get address(): { queue: string; jobId: string } {
    return { queue: QUEUE, jobId: this.jobId };
  }

  async ask(): Promise<void> {
    await this.ground.queues.get(QUEUE).add('w', { day: 1 }, { jobId: this.jobId });
  }

  /** Lets a host that is idle do something. */
  beginOne(): void {
    const host = this.random.pick(HOSTS);
    if (this.actors.isBusy(host)) return;
    if (this.random.chance(0.5)) this.actors.begin(host, 'looks at the agenda', () => this.#look(host));
    else this.actors.begin(host, 'claims', () => this.#claim(host));
  }

  async strikeOne(): Promise<void> {
    const busy = HOSTS.filter(host => this.actors.isBusy(host));
    if (busy.length === 0) return;
    const host = this.random.pick(busy);
    this.actors.strike(host);
    this.#foresights.delete(host);
    await this.#locksEnd(host);
  }

  /** Its locks end: the queue has its runs again. */
  async #locksEnd(host: string): Promise<void> {
    const { redis, keys } = this.ground.store;
    for (const id of await redis.lrange(keys.job(QUEUE, 'active'), 0, -1)) {
      const token = await redis.get(keys.lock(QUEUE, id));
      if (token && !token.startsWith(`${host}/`)) continue;
      await redis.del(keys.lock(QUEUE, id));
      await redis.lrem(keys.job(QUEUE, 'active'), 0, id);
      await redis.rpush(keys.job(QUEUE, 'wait'), id);
      if (this.#computing.delete(id)) this.#allow(id);
    }
  }

  #allow(id: string): void {
    this.#allowed.set(id, (this.#allowed.get(id) ?? 1) + 1);
  }

  /** A person mends the code, and has the workflow go on from what failed. */
  async retry(): Promise<void> {
    this.mended = true;
    const { store, queues } = this.ground;
    const marks = await store.redis.hgetall(store.keys.workflowResults(QUEUE, this.jobId));
    for (const [field, mark] of Object.entries(marks)) {
      const [step, place] = field.split('/') as [string, string?];
      if (mark[0] !== '=')
        this.#allow(partRunId(this.address, step, place === undefined ? null : Number(place)));
    }
    if (!(await reopenRun(store, this.address, false))) throw new Violation('it cannot be reopened');
    await (await queues.get(QUEUE).getJob(this.jobId))!.retry('failed');
  }

  /** What is due at some time is due now. */
  async passTime(): Promise<void> {
    const { redis, keys } = this.ground.store;
    const workflow = keys.workflow(QUEUE, this.jobId);
    for (const member of await redis.zrange(keys.agenda(APP), '0', '-1'))
      await redis.zadd(keys.agenda(APP), '0', member);
    for (const { name } of this.story.graph.steps)
      if (await redis.hexists(workflow, `t:${name}`)) await redis.hset(workflow, `t:${name}`, 1);
  }

  signal(name: string): Promise<unknown> {
    return signalWorkflow(this.ground.store, this.address, name, JSON.stringify(`sent ${name}`));
  }

  cancel(): Promise<unknown> {
    return requestCancel(this.ground.store, this.address);
  }

  ports(actor: string): WorkflowPorts {
    const { store, queues } = this.ground;
    const foresight = this.#foresights.get(actor) ?? new Foresight();
    this.#foresights.set(actor, foresight);
    return {
      app: APP,
      foresight,
      store: this.actors.storeOf(actor, store),
      queues: this.actors.queuesOf(actor, queues),
      retention: KEPT,
      limits: { payloadBytes: 1_000_000, atOnce: 2 },
      release: () => (this.open ? this.#release(actor) : null),
      unfit: (_run, step, reason) => {
        throw new Violation(`step ${step} does not fit its own release: ${reason}`);
      },
    };
  }

  #release(actor: string): RunningRelease {
    const { steps } = this.story.graph;
    const workflow = { name: 'w', queue: QUEUE, payloadSchema: {}, steps };
    return {
      jobs: new Map([['job', { ...sampleJob, name: 'job', queue: QUEUE }]]),
      workflows: new Map([['w', workflow]]),
      evaluate: question =>
        this.actors.act(actor, `evaluate ${question.step}`, () => Promise.resolve(this.#answer(question))),
    };
  }

  /** The code: it also looks that it is told what it should be. */
  #answer({ step, results }: StepQuestion): StepAnswer {
    if (step === null) return { verdict: 'fits' };
    const { graph, steps } = this.story;
    const manifest = graph.steps.find(({ name }) => name === step)!;
    for (const name of manifest.after) this.#check(name, results[name]!);
    const { verdict, count } = steps[step]!;
    if (verdict === 'skip') return { verdict };
    if (verdict === 'failed' && !this.mended)
      return { verdict, error: { name: 'Error', message: `${step} cannot be asked`, stack: '' } };
    if (manifest.kind !== 'job') return { verdict: 'fits' };
    return {
      verdict: 'run',
      payloads: Array.from({ length: count }, (_, place) => JSON.stringify(`${step}/${place}`)),
    };
  }

  /** A step that is asked about has the results of all that comes before it. */
  #check(name: string, result: string | null | (string | null)[]): void {
    const { kind, each } = this.story.graph.steps.find(step => step.name === name)!;
    if (kind !== 'job' || result === null) return;
    const texts = each ? (result as (string | null)[]) : [result as string];
    for (const [place, text] of texts.entries())
      if (text !== null && text !== JSON.stringify(`done ${fieldOf(name, each ? place : null)}`))
        throw new Violation(`the result of ${name}, ${place} is ${text}`);
    if (each && texts.length !== this.story.steps[name]!.count)
      throw new Violation(`${name} has ${texts.length} results, not ${this.story.steps[name]!.count}`);
  }

  async #look(actor: string): Promise<void> {
    const ports = this.ports(actor);
    if (!ports.release()) return;
    for (const address of await takeDue(ports.store, APP, 5)) await advance(ports, address);
  }

  async #claim(actor: string): Promise<void> {
    if (!this.open) return;
    const token = `${actor}/${++this.#claims}`;
    const { worker } = this.ground;
    const job = await this.actors.act(actor, 'claim', async () => worker.getNextJob(token, { block: false }));
    if (!job) return;
    const ports = this.ports(actor);
    const by = { release: 'r', host: actor, app: APP, crashed: false, crashLimit: 3, lockMs: 600_000 };
    const { part = null } = ownOptionsOf(job.opts);
    const right = { queue: QUEUE, jobId: job.id!, token };
    const started = await startRun(ports.store, { ...right, part }, by);
    if (started.kind === 'lost') return;
    const claim: Claim = { actor, ports, job, token, part, right: { ...right, fence: started.fence } };
    if (job.name === 'w') return this.#stand(claim, started.kind === 'cancelled');
    if (started.kind === 'settled') {
      const how = started.end === 'completed' ? started.result : null;
      return started.end === 'completed' ? this.#complete(claim, how) : this.#fail(claim, started.end);
    }
    if (started.kind === 'cancelled') return this.#cancelled(claim);
    await this.#compute(claim);
  }

  async #stand(claim: Claim, cancelled: boolean): Promise<void> {
    const { actor, ports, job, right, token } = claim;
    const payload = JSON.stringify(job.data);
    const { priority } = this.story;
    const standIn = { right, runId: job.id!, name: 'w', payload, scheduledFor: null, priority, cancelled };
    const standing = await claimedWorkflow(ports, this.#release(actor), standIn);
    if (standing.kind === 'none') throw new Violation('it is none of a workflow');
    if (standing.kind === 'aside') {
      await this.actors.act(actor, 'aside', () => job.moveToDelayed(Date.now() + 1e9, token));
      return advance(ports, right);
    }
    const { end } = standing;
    if (end.kind === 'completed') await this.#complete(claim, end.result);
    else {
      const error = end.kind === 'failed' ? end.error : undefined;
      await failRun(ports.store, right, { kind: end.kind, attempts: 0, ...(error && { error }) });
      await this.#fail(claim, end.kind);
    }
    await endWorkflow(ports.store, right, { keepMs: 60_000, again: end.kind !== 'completed' });
  }

  async #compute(claim: Claim): Promise<void> {
    const { actor, ports, part, right } = claim;
    const field = fieldOf(part!.step, part!.index);
    await this.actors.act(actor, `compute ${field}`, async () =>
      this.#computes(right.jobId, field, actor, part!),
    );
    const fails = this.story.steps[part!.step]!.fails.has(part!.index ?? 0) && !this.mended;
    const error = { name: 'Error', message: `${field} fails`, stack: '' };
    if (fails) await failRun(ports.store, right, { kind: 'failed', attempts: 1, error });
    const how: Settled = fails
      ? { kind: 'failed', run: right.jobId, error }
      : { kind: 'done', result: `done ${field}` };
    await this.#settle(claim, how);
    this.#computing.delete(right.jobId);
    await (fails ? this.#fail(claim, 'failed') : this.#complete(claim, `done ${field}`));
  }

  async #cancelled(claim: Claim): Promise<void> {
    const { ports, right } = claim;
    await failRun(ports.store, right, { kind: 'cancelled', attempts: 0 });
    const error = { name: 'cancelled', message: 'cancelled', stack: '' };
    await this.#settle(claim, { kind: 'cancelled', run: right.jobId, error });
    await this.#fail(claim, 'cancelled');
  }

  async #settle({ ports, right, part }: Claim, how: Settled): Promise<void> {
    const release = ports.release();
    if (how.kind === 'done' && release) ports.foresight!.ends(release, part!, JSON.stringify(how.result));
    const answer = await settleStep(ports.store, APP, right, part!, how);
    if (answer.kind === 'gone') throw new Violation(`${right.jobId} is nobody's any more`);
    // As a real host does; it may also die before, or have to look.
    if (answer.kind === 'settled' && this.random.chance(0.8)) {
      const released = this.random.chance(0.8) ? answer.released : null;
      await advance(ports, { queue: part!.queue, jobId: part!.jobId }, released);
    }
  }

  async #complete({ actor, ports, job, token, right }: Claim, result: unknown): Promise<void> {
    await this.actors.act(actor, `complete ${job.id}`, () => job.moveToCompleted(result, token, false));
    await finishRun(ports.store, right, { keepState: false, parked: false, keepMs: 60_000 });
  }

  async #fail({ actor, ports, job, token, right }: Claim, why: string): Promise<void> {
    const error = new UnrecoverableError(why);
    await this.actors.act(actor, `fail ${job.id}`, () => job.moveToFailed(error, token, false));
    await finishRun(ports.store, right, { keepState: true, parked: false, keepMs: 60_000 });
  }

  /** A run is computed: it has not been settled, nobody else computes it, and all that comes before it has ended. */
  async #computes(jobId: string, field: string, actor: string, part: PartOf): Promise<void> {
    const { store } = this.ground;
    const other = this.#computing.get(jobId);
    if (other && other !== actor) throw new Violation(`${field} is computed by ${other} and ${actor}`);
    this.#computing.set(jobId, actor);
    const times = (this.computed.get(jobId) ?? 0) + 1;
    this.computed.set(jobId, times);
    if (times > (this.#allowed.get(jobId) ?? 1)) throw new Violation(`${field} is computed ${times} times`);
    const results = store.keys.workflowResults(QUEUE, this.jobId);
    const mark = await store.redis.hget(results, field);
    if (mark !== null) throw new Violation(`${field} is computed again, after it was settled as ${mark}`);
    const kept = await readWorkflow(store, this.address);
    for (const name of this.story.graph.steps.find(({ name }) => name === part.step)!.after) {
      const { state } = kept!.steps[name]!;
      if (!['done', 'failed', 'skipped'].includes(state))
        throw new Violation(`${field} is computed while ${name} is ${state}`);
    }
  }

  async isOver(): Promise<boolean> {
    const kept = await readWorkflow(this.ground.store, this.address);
    return kept !== null && isOver(kept);
  }

  job(): Promise<Job | undefined> {
    return this.ground.queues.get(QUEUE).getJob(this.jobId);
  }
}

interface Claim {
  actor: string;
  ports: WorkflowPorts;
  job: Job;
  token: string;
  part: PartOf | null;
  right: { queue: string; jobId: string; token: string; fence: number };
}
