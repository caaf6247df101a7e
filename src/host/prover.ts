import type { ProofStatus, Refusal, SetBack } from '../model/intent.js';
import type { ProofItem, ProofResult } from '../model/messages.js';
import type { JobManifest } from '../model/release.js';
import { isAbove } from '../model/way-down.js';
import type { WorkflowManifest } from '../model/workflow.js';
import { runIdOf } from '../queue/run-id.js';
import type { Store } from '../store/redis.js';
import type { BringDown } from './bring-down.js';
import type { WorkerProcess } from './worker-process.js';
import { WorkflowProver } from './workflow-prover.js';

/** A saved state, and whose it is. */
export interface ProofSubject {
  queue: string;
  jobId: string;
  job: string;
  version: number | null;
  state: string | null;
  /** The release that wrote the state, as far as is known. */
  writer: string | null;
}

/** What a proof found. */
export interface Proof {
  refusals: Refusal[];
  /** Those without a way down, and what becomes of them. */
  setBack: { job: string; onRollback: SetBack['onRollback'] }[];
}

export interface ProverOptions {
  store: Store;
  queues: string[];
  /** Jobs of the release that runs now: what the states must come back down to. */
  currentJobs: ReadonlyMap<string, JobManifest>;
  /** The release that runs now; `null` before the first. */
  currentRelease: string | null;
  /** Jobs of the next release. */
  nextJobs: ReadonlyMap<string, JobManifest>;
  nextWorkflows: ReadonlyMap<string, WorkflowManifest>;
  /** For states of a later version than the next release reads. */
  bringDown: BringDown;
  /** Reads, upgrades and brings back: a worker of the next release, when it has loaded that; `null`: there will be none. */
  next(): Promise<WorkerProcess | null>;
  /** Validates what was brought back: a worker of the present release without runs, asked for only when needed. */
  current(): Promise<WorkerProcess | null>;
}

const PAGE = 200;
const KEPT_REFUSALS = 100;
/** A worker may die of anything, and another one is asked; so many that die over the same states die of them. */
const MOST_DEATHS = 3;

/**
 * The proof: the next release reads every live checkpoint, upgrades and validates it, and brings it back down; the present release validates what came
 * back, so that the way back is proven too. A state of a later version than the next release reads is brought down by the code that wrote it, as it will be at
 * the start of its run, and the next release reads that. States pass through the host as text.
 */
export class Prover {
  readonly oneWay = new Set<string>();
  readonly workflows: WorkflowProver;

  constructor(private readonly options: ProverOptions) {
    const { store, nextJobs: jobs, nextWorkflows: workflows, next } = options;
    this.workflows = new WorkflowProver({ store, jobs, workflows, next });
  }

  /** Proves a batch. @throws when one worker after the other died over it: nothing is proven then. */
  async prove(subjects: ProofSubject[]): Promise<Proof> {
    const later = subjects.filter(subject => this.#isLater(subject));
    const [down, up] = await Promise.all([
      this.#proveDown(later),
      this.#proveUp(later.length === 0 ? subjects : subjects.filter(subject => !later.includes(subject))),
    ]);
    return { refusals: [...up, ...down.refusals], setBack: down.setBack };
  }

  /** A job that has no checkpoint any more is no older one: its states are refused. */
  #isLater({ job: name, version, state }: ProofSubject): boolean {
    const job = this.options.nextJobs.get(name);
    return state !== null && job != null && job.checkpointVersion !== null && isAbove(version, job);
  }

  async #proveDown(subjects: ProofSubject[]): Promise<Proof> {
    const proof: Proof = { refusals: [], setBack: [] };
    if (subjects.length === 0) return proof;
    const { bringDown, nextJobs } = this.options;
    const all = await Promise.all(
      subjects.map(subject => {
        const { job, version, state } = subject;
        const { reads } = nextJobs.get(job)!;
        return bringDown.bring({
          job,
          version: version!,
          state: state!,
          writer: this.#writerOf(subject),
          reads,
        });
      }),
    );
    const down: { subject: ProofSubject; item: ProofItem }[] = [];
    for (const [i, brought] of all.entries()) {
      const subject = subjects[i]!;
      const { job } = subject;
      if (brought.kind === 'no-way') proof.setBack.push({ job, onRollback: brought.onRollback });
      else if (brought.kind === 'failed')
        proof.refusals.push(...refusal(subject, { ok: false, failure: brought.failure }));
      else down.push({ subject, item: { job, version: brought.version, state: brought.state, to: 'up' } });
    }
    const read = await this.#next(down.map(({ item }) => item));
    for (const [i, result] of read.entries()) {
      const { subject } = down[i]!;
      if (!result.ok)
        proof.refusals.push(
          ...refusal(subject, {
            ok: false,
            failure: { ...result.failure, from: subject.version, direction: 'down' },
          }),
        );
    }
    return proof;
  }

  /** The present release, where it wrote the state or has the same version. */
  #writerOf({ job, version, writer }: ProofSubject): string | null {
    const { currentJobs, currentRelease } = this.options;
    return currentJobs.get(job)?.checkpointVersion === version ? currentRelease : writer;
  }

  #next(items: ProofItem[]): Promise<ProofResult[]> {
    return ask(this.options.next, items, 'the next release');
  }

  /** @returns the refusals. */
  async #proveUp(subjects: ProofSubject[]): Promise<Refusal[]> {
    const { currentJobs } = this.options;
    const items = subjects.map<ProofItem>(({ job, version, state }) => {
      const downTo = currentJobs.get(job)?.checkpointVersion ?? undefined;
      return { job, version, state, to: 'up', ...(downTo !== undefined && { downTo }) };
    });
    const results = await this.#next(items);
    const refusals = subjects.flatMap((subject, i) => refusal(subject, results[i]!));
    const brought = subjects.flatMap((subject, i) => {
      const result = results[i]!;
      if (result.ok && result.noWayDown) this.oneWay.add(subject.job);
      return result.ok && result.down !== undefined
        ? [{ subject, state: result.down, version: items[i]!.downTo! }]
        : [];
    });
    if (brought.length === 0) return refusals;
    if (this.options.currentRelease === null) return refusals;
    const validated = brought.map(({ subject, state, version }) => {
      return { job: subject.job, version, state, to: 'same' } satisfies ProofItem;
    });
    const back = await ask(this.options.current, validated, 'the present release');
    return refusals.concat(brought.flatMap(({ subject }, i) => refusal(subject, back[i]!)));
  }

  /** Proves all live checkpoints and workflow runs in scope, page by page, and reports as it goes. Memory stays flat. */
  async *proveAll(round: number): AsyncGenerator<ProofStatus> {
    const begun = performance.now();
    const setBack = new Map<string, SetBack>();
    const status: ProofStatus = {
      round,
      done: false,
      checkpoints: 0,
      ms: 0,
      refusals: [],
      refused: 0,
      oneWay: [],
      setBack: [],
    };
    const refuse = (refusals: Refusal[]) => {
      status.refused += refusals.length;
      status.refusals.push(...refusals.slice(0, KEPT_REFUSALS - status.refusals.length));
      status.ms = Math.round(performance.now() - begun);
    };
    for (const queue of this.options.queues) {
      for await (const subjects of this.#live(queue)) {
        const { refusals, setBack: lost } = await this.prove(subjects);
        for (const { job, onRollback } of lost) {
          const { runs } = setBack.get(job) ?? { runs: 0 };
          setBack.set(job, { job, runs: runs + 1, onRollback });
        }
        status.checkpoints += subjects.length;
        status.oneWay = [...this.oneWay];
        status.setBack = [...setBack.values()];
        refuse(refusals);
        yield { ...status };
      }
      for await (const refusals of this.workflows.proveQueue(queue)) {
        refuse(refusals);
        yield { ...status };
      }
    }
    yield { ...status, done: true, ms: Math.round(performance.now() - begun) };
  }

  /** The live checkpoints of a queue. What ended while its host died is tidied away here, not proven. */
  async *#live(queue: string): AsyncGenerator<ProofSubject[]> {
    const { redis, keys } = this.options.store;
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const [next, found] = await redis.sscan(keys.live(queue), cursor, 'COUNT', PAGE);
      cursor = next;
      const ids = found.filter(id => !seen.has(id));
      for (const id of ids) seen.add(id);
      const records = await Promise.all(
        ids.map(async jobId => {
          const [job, ours] = await Promise.all([
            redis.hmget(keys.job(queue, jobId), 'name', 'finishedOn'),
            redis.hmget(keys.run(queue, jobId), 'version', 'state', 'outcome', 'stateRelease'),
          ]);
          return {
            jobId,
            job: job[0],
            ended: job[1] !== null && ours[2] !== 'parked',
            version: ours[0],
            state: ours[1],
            writer: ours[3] ?? null,
          };
        }),
      );
      const gone = records.filter(record => record.job === null || record.ended).map(record => record.jobId);
      if (gone.length > 0) await redis.srem(keys.live(queue), ...gone);
      const subjects = records.flatMap(({ jobId, job, ended, version, state, writer }) =>
        typeof job !== 'string' || ended
          ? []
          : [{ queue, jobId, job, version: version ? Number(version) : null, state: state ?? null, writer }],
      );
      if (subjects.length > 0) yield subjects;
    } while (cursor !== '0');
  }
}

/** @returns a result for each. @throws where no worker lived to give them. */
async function ask(
  worker: () => Promise<WorkerProcess | null>,
  items: ProofItem[],
  whose: string,
): Promise<ProofResult[]> {
  if (items.length === 0) return [];
  for (let deaths = 0; deaths < MOST_DEATHS; deaths++) {
    const prover = await worker();
    if (!prover) break;
    const results = await prover.prove(items);
    if (results.length === items.length) return results;
  }
  throw new Error(`workers of ${whose} died while they read saved states`);
}

function refusal(subject: ProofSubject, result: ProofResult): Refusal[] {
  if (result.ok) return [];
  const { queue, jobId, job } = subject;
  return [{ run: runIdOf(queue, jobId), job, queue, ...result.failure }];
}
