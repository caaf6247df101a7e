import { isDeepStrictEqual } from 'node:util';
import { type Job, Worker } from 'bullmq';
import type { StepManifest } from '../../../src/model/workflow.js';
import { createQueues, type Queues } from '../../../src/queue/queues.js';
import { connect, type Store } from '../../../src/store/redis.js';
import { reopenRun, requestCancel } from '../../../src/store/run-requests.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import { signalWorkflow } from '../../../src/store/workflows/signal.js';
import type { Random } from '../../simulation/random.js';
import { anna } from '../../support/anna.js';
import { Actors, LostAnswer } from './actors.js';
import { Code } from './code.js';
import { Deploys, lead } from './deploys.js';
import { Host } from './host.js';
import { Ledger, Violation } from './ledger.js';
import { QUEUE, type Release, releaseOf } from './releases.js';
import type { Story } from './story.js';

const HOSTS = ['h1', 'h2', 'h3'];

/** What is shared by many stories: connections cost more than a story. */
export interface Ground {
  store: Store;
  queues: Queues;
  worker: Worker;
  term: number;
  close(): Promise<void>;
}

export async function ground(store: Store): Promise<Ground> {
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
  return { store, queues, worker, term: (await lead(store)).term, close };
}

/** What is wrong with hosts on purpose. `gate`: they do not care for it. `word`: nor that what they were told may bind no more. `sweep`: they never look at the agenda. */
export interface HostBugs {
  gate?: boolean;
  word?: boolean;
  sweep?: boolean;
}

/** What stories have met. */
export interface Seen {
  windows: number;
  yields: number;
  /** Steps that a host could not begin, since its release was another … */
  waited: Set<string>;
  /** … and that one of another release began while both ran. */
  takenOver: number;
  /** Times that a run of a step of a step's workflow computed, and one of a canary's share. */
  inner: number;
  ahead: number;
  /** Retries while windows came and went. */
  retries: number;
}

/** Hosts that move one workflow run, as the real ones do: the real scripts, rules and queue; only code and processes are played. */
export class World {
  readonly actors: Actors;
  readonly ledger: Ledger;
  readonly code: Code;
  readonly deploys: Deploys;
  readonly releases: Map<string, Release>;
  readonly hosts: Host[];
  readonly seen: Seen = {
    windows: 0,
    yields: 0,
    waited: new Set(),
    takenOver: 0,
    inner: 0,
    ahead: 0,
    retries: 0,
  };
  #starts = 0;
  #isAsked = false;

  constructor(
    readonly ground: Ground,
    readonly story: Story,
    readonly jobId: string,
    readonly random: Random,
    readonly bugs: HostBugs = {},
  ) {
    this.actors = new Actors({ random, lost: story.lost, onScript: (...said) => this.#watch(...said) });
    this.releases = new Map(story.releases.map(release => [release.id, release]));
    this.ledger = new Ledger(this);
    this.code = new Code(story, this.ledger);
    this.deploys = new Deploys(this, ground.term);
    this.hosts = HOSTS.map(name => this.#host(name));
  }

  #host = (name: string): Host => new Host(this, name, `${name}.${++this.#starts}`);

  get app(): string {
    return `app-${this.jobId}`;
  }

  get store(): Store {
    return this.ground.store;
  }

  get address(): { queue: string; jobId: string } {
    return { queue: QUEUE, jobId: this.jobId };
  }

  job(): Promise<Job | undefined> {
    return this.ground.queues.get(QUEUE).getJob(this.jobId);
  }

  begin(): Promise<void> {
    return this.deploys.first(this.story.releases[0]!);
  }

  async ask(): Promise<void> {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const { priority } = this.story;
    await this.ground.queues
      .get(QUEUE)
      .add('w', { day: 1 }, { jobId: this.jobId, ...(priority > 0 && { priority }) });
  }

  /** A step begins on a host: there something may begin, of the release that it runs, and that may run. */
  #watch(actor: string, script: string, args: unknown[]): void {
    if (script !== 'expand-step' && script !== 'begin-wait') return;
    const host = this.hosts.find(({ id }) => id === actor)!;
    const { release } = host;
    const told = args.find(arg => typeof arg === 'string' && arg.startsWith('{"field"')) as
      | string
      | undefined;
    const { by = release, field } = told ? (JSON.parse(told) as { by: string; field: string }) : {};
    if (!host.isOpen) this.actors.fail(new Violation(`${actor} begins a step while its gate is closed`));
    if (!host.isCurrent) this.actors.fail(new Violation(`${actor} begins a step on an old word`));
    if (by !== release)
      this.actors.fail(new Violation(`${actor} begins a step on ${release}, as ${by} said`));
    if (!this.deploys.permits(release!))
      this.actors.fail(new Violation(`${actor} begins a step on ${release}, which does not run now`));
    if (field && this.deploys.isSideBySide && this.seen.waited.has(field.split('/')[0]!))
      this.seen.takenOver++;
  }

  /** What the log of a host would say; what is no trouble of Redis fails the story. */
  onError(actor: string, error: unknown): void {
    if (!(error instanceof LostAnswer)) this.actors.fail(error as Error);
    else this.actors.tell(`${actor} tries again later`);
  }

  /** Lets a host do something. */
  beginOne(): void {
    const host = this.random.pick(this.hosts);
    if (!this.actors.isStopped(host.id)) host.beginOne();
  }

  /** Most of them hear at once that there is something new. */
  wake(): void {
    for (const host of this.hosts)
      if (!this.actors.isStopped(host.id) && this.random.chance(0.8)) host.follow();
  }

  /** A host dies, and is started again. */
  async strikeOne(): Promise<void> {
    const host = this.random.pick(this.hosts);
    this.actors.tell(`--- ${host.id} dies`);
    this.actors.strike(host.id);
    await this.ledger.died(host.id);
    this.deploys.forget(host.name);
    this.hosts[this.hosts.indexOf(host)] = this.#host(host.name);
    await this.#endLocks(token => token.startsWith(`${host.id}/`));
  }

  /** A host stands still; where it is for long its locks and its record end, and what it does next it does on an old word. */
  async stopOne(): Promise<void> {
    const host = this.random.pick(this.hosts);
    if (this.actors.isStopped(host.id)) return;
    const isLong = this.random.chance(0.5);
    this.actors.tell(`--- ${host.id} stands still${isLong ? ' for long' : ''}`);
    this.actors.stop(host.id);
    if (!isLong) return;
    host.hang();
    await this.ledger.died(host.id);
    await this.#endLocks(token => token.startsWith(`${host.id}/`));
  }

  /** @returns whether there was one that stood still. */
  goOnOne(): boolean {
    const host = this.hosts.find(({ id }) => this.actors.isStopped(id));
    if (!host) return false;
    this.actors.tell(`--- ${host.id} goes on`);
    this.actors.goOn(host.id);
    host.isGone = false;
    return true;
  }

  /** The queue has these runs again. */
  async #endLocks(ends: (token: string) => boolean): Promise<void> {
    const { redis, keys } = this.store;
    for (const id of await redis.lrange(keys.job(QUEUE, 'active'), 0, -1)) {
      const token = await redis.get(keys.lock(QUEUE, id));
      if (token && !ends(token)) continue;
      await redis.del(keys.lock(QUEUE, id));
      await redis.lrem(keys.job(QUEUE, 'active'), 0, id);
      await redis.rpush(keys.job(QUEUE, 'wait'), id);
    }
  }

  /** What is due at some time is due now. */
  async passTime(): Promise<void> {
    const { redis, keys } = this.store;
    for (const member of await redis.zrange(keys.agenda(this.app), '0', '-1'))
      await redis.zadd(keys.agenda(this.app), '0', member);
    for (const jobId of await redis.smembers(keys.liveWorkflows(QUEUE))) {
      const workflow = keys.workflow(QUEUE, jobId);
      for (const name of Object.keys(this.story.steps))
        if (await redis.hexists(workflow, `t:${name}`)) await redis.hset(workflow, `t:${name}`, 1);
    }
    await this.#endLocks(token => !this.hosts.some(host => host.runs.holds(token)));
  }

  async signal(name: string): Promise<void> {
    const answer = await signalWorkflow(this.store, this.address, name, JSON.stringify(`sent ${name}`));
    this.actors.tell(`--- signal ${name}: ${answer}`);
  }

  cancel(): Promise<unknown> {
    return requestCancel(this.store, this.address, anna);
  }

  /** While all else goes on a person has it go on, where it has failed; now and then with the same code. */
  async retryFailed(): Promise<void> {
    const job = await this.job();
    if (!job?.finishedOn || (await job.isCompleted())) return;
    this.seen.retries++;
    await this.retry(this.random.chance(0.5));
  }

  /** A person has the workflow go on from what failed, and mends the code before. */
  async retry(mends = true): Promise<void> {
    this.actors.tell(`--- it is retried, and its code ${mends ? 'mended' : 'as it was'}`);
    this.code.mended ||= mends;
    await this.ledger.reopened();
    this.deploys.reopened();
    if (!(await reopenRun(this.store, this.address, false))) throw new Violation('it cannot be reopened');
    await (await this.job())!.retry('failed');
  }

  /** A person deploys: now and then anything, and where the run waits for a release that has its steps, that one. */
  async deploy(isFor: 'anything' | 'the run'): Promise<void> {
    const { random, story } = this;
    if (isFor === 'anything') {
      const sideBySide = story.isCanary ? 'canary' : 'rolling';
      const strategy = random.chance(story.rolling) ? sideBySide : 'window';
      return this.deploys.begin(random.pick(story.releases).id, strategy);
    }
    const kept = await readWorkflow(this.store, this.address);
    if (!kept) return;
    const { steps } = kept.graph;
    for (const { id, steps: of } of story.releases)
      if (isDeepStrictEqual(of, steps) && (await this.deploys.fits(id)))
        return this.deploys.begin(id, 'window');
    // Workflow runs of its steps have begun on others: one that has what each of them waits for.
    this.releases.set('all', releaseOf('all', 'has all', steps, allOf(story)));
    await this.deploys.begin('all', 'window');
  }
}

/** Every step that the workflow which steps run has in any release. */
function allOf({ releases }: Story): StepManifest[] {
  const byName = new Map(releases.flatMap(({ inner }) => inner).map(step => [step.name, step]));
  return [...byName.values()];
}
