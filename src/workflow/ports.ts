import type { Retention } from '../model/retention.js';
import type { RunAddress } from '../model/run.js';
import type { ClaimPlace } from '../queue/consumer.js';
import type { Queues } from '../queue/queues.js';
import type { Store } from '../store/redis.js';
import type { Foresight } from './foresight.js';
import type { RunningRelease } from './running-release.js';

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
  retention: Retention;
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
