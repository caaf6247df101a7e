import type { AbortReason, Envelope, Progress, RunEnd, RunStart, StepRecord } from './run.js';
import type { StepAnswer, StepQuestion } from './workflow.js';

/**
 * What host and worker say to each other over IPC. Both sides batch: one process message carries an array of these, flushed once per
 * turn of the event loop (measured: 2.7 times faster at 1,000 runs than one message each).
 * `claim` names one start of one run within one worker; `seq` pairs an answer with its question.
 */
export type ToWorker =
  | { t: 'start'; claim: number; run: RunStart }
  | { t: 'ack'; claim: number; seq: number; value?: unknown; error?: { code: string; message: string } }
  /** Asks to yield, or no longer; without `claims` all runs, also those that start later. */
  | { t: 'drain'; on: boolean; claims?: number[] }
  | { t: 'abort'; claim: number; reason: AbortReason }
  | { t: 'prove'; seq: number; items: ProofItem[] }
  /** Results of one step, which belong in the question that comes; many are told in several messages. */
  | { t: 'results'; seq: number; step: string; results: (string | null)[] }
  /** `question`: without the results that were told before. */
  | { t: 'evaluate'; seq: number; question: StepQuestion }
  | { t: 'exit' };

export type ToHost =
  | { t: 'ready'; jobs: number }
  /** The last words of a process that dies of an error that nobody caught. */
  | { t: 'dying'; error: { name: string; message: string; stack: string } }
  | { t: 'broken'; error: { name: string; message: string; stack: string } }
  /** The author's function has been entered. */
  | { t: 'started'; claim: number }
  /** The first sign of work after a start: a checkpoint offered, a step, a result. */
  | { t: 'advanced'; claim: number }
  /** `durable`: answer when it is stored; otherwise the answer only bounds what is under way. */
  | {
      t: 'save';
      claim: number;
      seq: number;
      checkpoint: Envelope;
      durable: boolean;
      chances?: ChanceReport;
    }
  | { t: 'step'; claim: number; seq: number; name: string; record: StepRecord; chances?: ChanceReport }
  | {
      t: 'enqueue';
      claim: number;
      seq: number;
      id: string;
      job: string;
      payload: string;
      options: EnqueueOptions;
    }
  | { t: 'progress'; claim: number; progress: Progress }
  | { t: 'log'; claim: number; lines: string[] }
  | { t: 'end'; claim: number; end: RunEnd; chances?: ChanceReport }
  | { t: 'proved'; seq: number; results: ProofResult[] }
  /** Payloads of an answer that comes; many are told in several messages. */
  | { t: 'payloads'; seq: number; payloads: string[] }
  /** `answer`: the payloads that were told before stand before its own. */
  | { t: 'evaluated'; seq: number; answer: StepAnswer };

/** The chances to yield that a run had since it last told: how many, the time from each to the next together, and the longest of these, ms. */
export interface ChanceReport {
  count: number;
  ms: number;
  longest: number;
}

export interface EnqueueOptions {
  /** 0 (first) to 2,097,152; BullMQ serves 0 before all others. */
  priority?: number;
  delayMs?: number;
  concurrencyKey?: string;
}

/**
 * One state to be read by a release. `to: 'up'`: validate, upgrade to this code's version, and bring it back down to `downTo` if that
 * differs. `to: 'down'`: the same by the code that wrote it, for an older release that shall go on from it. `to: 'same'`: validate only, by the code
 * that owns the version.
 */
export interface ProofItem {
  job: string;
  version: number | null;
  state: string | null;
  to: 'up' | 'down' | 'same';
  downTo?: number;
}

export type ProofResult =
  /** `down`: the state in version `downTo` for the old code to validate; absent where nothing had to come down. `noWayDown`: the job has no `downgrade`. */
  { ok: true; down?: string; noWayDown?: boolean } | { ok: false; failure: ProofFailure };

export interface ProofFailure {
  /** Version of the saved state, and the one that the code wanted. */
  from: number | null;
  to: number | null;
  direction: 'up' | 'down';
  /** JSON pointer within the state, `''` for the whole. */
  path: string;
  message: string;
}
