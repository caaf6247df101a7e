import type { Hook, Probe } from '../model/task.js';
import type { Strategy, Watch, Window } from '../model/window.js';

/** What a person declares, its durations read already. */
export interface WindowInput {
  /** ID, digest, or the beginning of one. */
  release: string;
  /** Checked against the release, if given. */
  app?: string | undefined;
  /** ISO 8601; left out: now. */
  startsAt?: string | undefined;
  reason: string;
  createdBy: string;
  /** Of a recurring window: who declared that. */
  scheduledBy?: string;
  drainTimeoutMs: number;
  onDrainTimeout: 'abort' | 'force';
  maxDurationMs: number;
  /** Left out, it is a full stop. So with all that follows: what nobody asked for is not done. */
  strategy?: Strategy | undefined;
  rolling?: Window['rolling'] | undefined;
  canary?: Window['canary'] | undefined;
  hooks?: Hook[] | undefined;
  probes?: Probe[] | undefined;
  watch?: Watch | null | undefined;
  announceMs?: number | undefined;
  requiresApproval?: boolean | undefined;
}
