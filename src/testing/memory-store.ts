import type { EnqueueOptions } from '../model/messages.js';
import type { Envelope, Progress, StepRecord } from '../model/run.js';
import { decodeState } from '../model/state-codec.js';

export interface Enqueued {
  id: string;
  job: string;
  payload: unknown;
  options: EnqueueOptions;
}

/** What Redis would keep of one run. */
export class MemoryStore {
  checkpoint: Envelope | null;
  readonly saved: Envelope[] = [];
  readonly records: Record<string, StepRecord> = {};
  readonly enqueued = new Map<string, Enqueued>();
  readonly progress: Progress[] = [];
  readonly logs: Record<string, unknown>[] = [];

  constructor(checkpoint: Envelope | null) {
    this.checkpoint = checkpoint;
  }

  save(checkpoint: Envelope): void {
    this.checkpoint = checkpoint;
    this.saved.push(checkpoint);
  }

  get state(): unknown {
    return stateOf(this.checkpoint);
  }

  get states(): unknown[] {
    return this.saved.map(stateOf);
  }

  /** Results of `step` and `once` by their names. */
  get steps(): Record<string, unknown> {
    const kept = Object.entries(this.records).flatMap(([record, kept]) => {
      const [kind, ...name] = record.split(':');
      return kind !== 'enqueue' && 'value' in kept ? [[name.join(':'), decodeState(kept.value)]] : [];
    });
    return Object.fromEntries(kept);
  }
}

const stateOf = (checkpoint: Envelope | null): unknown =>
  checkpoint?.state == null ? undefined : decodeState(checkpoint.state);
