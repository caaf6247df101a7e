import type { Refusal } from '../model/intent.js';
import type { KeptWorkflow } from '../model/kept-workflow.js';
import type { JobManifest } from '../model/release.js';
import type { RunAddress } from '../model/run.js';
import type { WorkflowManifest } from '../model/workflow.js';
import { runIdOf } from '../queue/run-id.js';
import { askedFor } from '../queue/workflow-runs.js';
import type { Store } from '../store/redis.js';
import { type Fit, fitsOf, liveWorkflows, refusalOf } from '../workflow/live-graphs.js';
import type { WorkerProcess } from './worker-process.js';

export interface WorkflowProverOptions {
  store: Store;
  /** Of the next release. */
  jobs: ReadonlyMap<string, JobManifest>;
  workflows: ReadonlyMap<string, WorkflowManifest>;
  /** A worker of the next release; `null`: there will be none. */
  next(): Promise<WorkerProcess | null>;
}

/** A worker may die of anything; so many that die over the same payload die of it. */
const MOST_DEATHS = 3;

/** The proof of workflow runs: the next release can go on with the graph that each has kept, and takes its payload. */
export class WorkflowProver {
  constructor(private readonly options: WorkflowProverOptions) {}

  /** All that are live in a queue, page by page. */
  async *proveQueue(queue: string): AsyncGenerator<Refusal[]> {
    for await (const runs of liveWorkflows(this.options.store, queue)) yield this.prove(runs);
  }

  /** @throws where no worker lived to read their payloads. */
  async prove(runs: RunAddress[]): Promise<Refusal[]> {
    return (await Promise.all(runs.map(run => this.#proveRun(run)))).flat();
  }

  async #proveRun(run: RunAddress): Promise<Refusal[]> {
    const found: Refusal[] = [];
    for await (const fit of fitsOf(this.options.store, run, this.options))
      found.push(...(await this.#refusalsOf(fit)));
    return found;
  }

  async #refusalsOf({ run, kept, refusals }: Fit): Promise<Refusal[]> {
    if (refusals.length > 0) return refusals;
    const reason = await this.#payloadMisfit(run, kept);
    return reason === null ? [] : [refusalOf(run, kept, { step: null, reason })];
  }

  /** The code reads the payload at every step that is still to come. */
  async #payloadMisfit(run: RunAddress, { graph, steps }: KeptWorkflow): Promise<string | null> {
    const isToCome = ({ name }: { name: string }) => ['waiting', 'ready'].includes(steps[name]!.state);
    if (!graph.steps.some(isToCome)) return null;
    const { payload, scheduledFor } = await askedFor(this.options.store, run);
    const runId = runIdOf(run.queue, run.jobId);
    const question = { workflow: graph.name, step: null, runId, scheduledFor, payload, results: {} };
    for (let deaths = 0; deaths < MOST_DEATHS; deaths++) {
      const worker = await this.options.next();
      if (!worker) break;
      const answer = await worker.evaluate(question);
      if (answer) return answer.verdict === 'failed' ? answer.error.message : null;
    }
    throw new Error('workers of the next release died while they read payloads of workflow runs');
  }
}
