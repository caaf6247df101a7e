import type { JobManifest } from '../model/release.js';
import type { StepAnswer, StepQuestion, WorkflowManifest } from '../model/workflow.js';
import type { ClaimPlace } from '../queue/consumer.js';
import type { Queues } from '../queue/queues.js';
import type { Store } from '../store/redis.js';
import type { RunAddress } from '../store/run-requests.js';
import type { Foresight } from './foresight.js';

/** The release that runs now, as far as workflows need it. */
export interface RunningRelease {
  jobs: ReadonlyMap<string, JobManifest>;
  /** The same object as long as this release runs. */
  workflows: ReadonlyMap<string, WorkflowManifest>;
  /** Asks its code about a step. @throws where it could not be asked: it is asked again later. */
  evaluate(question: StepQuestion): Promise<StepAnswer>;
  /** Another release that may have to go on with what begins now: a window is about to change them, or hosts run both. */
  beside?: { release: string; has(kind: 'job' | 'workflow', name: string): boolean } | null;
}

/** Claims of this host, for whoever puts a run into a queue. */
export interface Claims {
  /** `null`: there is no room for one. */
  placeIn(queue: string): ClaimPlace | null;
}

/** What a workflow run is moved with. */
export interface WorkflowPorts {
  app: string;
  store: Store;
  queues: Queues;
  retention: { completedMs: number; failedMs: number };
  /** `atOnce`: runs that are put into a queue in one go, or cancelled; nobody else is served meanwhile. */
  limits: { payloadBytes: number; readBytes: number; atOnce: number };
  claims?: Claims;
  foresight?: Foresight;
  /** `null`: nothing may begin now. */
  release(): RunningRelease | null;
  /** No other code runs before this has come to its end. */
  recording?<T>(work: Promise<T>): Promise<T>;
  /** It waits before this step for another release. */
  unfit(address: RunAddress, step: string, reason: string): void;
}
