import type { ProofFailure } from '../../model/messages.js';
import type { SavedState } from '../../model/saved-state.js';
import type { LocalRelease } from './local-release.js';
import { StateProof } from './state-proof.js';

/** A saved state, live or kept; `at` is the line of a file in which it stands. */
export type Subject = SavedState & { at?: string };

export interface Unreadable extends ProofFailure {
  job: string;
  run: string | null;
  at: string | null;
  savedAt: string | null;
  /** The release that wrote it. */
  release: string | null;
}

export interface Findings {
  live: number;
  kept: number;
  refused: number;
  /** The first thousand. */
  refusals: Unreadable[];
  /** Jobs whose states cannot be brought back to the version of the running release. */
  oneWay: string[];
  /** Jobs whose states have no way down to this release, which is the older one, and what becomes of their runs. */
  setBack: { job: string; onRollback: 'repeat' | 'park' }[];
}

const KEPT_REFUSALS = 1_000;
const BATCH = 200;
const BATCH_BYTES = 4 * 1024 * 1024;

/** Proves every state against the next release, a batch at a time; memory stays flat. */
export async function checkStates(
  states: AsyncIterable<Subject>,
  next: LocalRelease,
  running: LocalRelease | null,
): Promise<Findings> {
  const found: Findings = { live: 0, kept: 0, refused: 0, refusals: [], oneWay: [], setBack: [] };
  const proof = new StateProof(next, running);
  try {
    for await (const batch of batches(states)) {
      for (const [i, failure] of (await proof.prove(batch)).entries()) {
        const subject = batch[i]!;
        found[subject.at === undefined ? 'live' : 'kept'] += 1;
        if (!failure) continue;
        found.refused += 1;
        if (found.refusals.length < KEPT_REFUSALS) found.refusals.push(unreadable(subject, failure));
      }
    }
  } finally {
    await proof.stop();
  }
  const setBack = [...proof.setBack].map(([job, onRollback]) => ({ job, onRollback }));
  return { ...found, oneWay: [...proof.oneWay], setBack };
}

const unreadable = ({ job, run, at, savedAt, release }: Subject, failure: ProofFailure): Unreadable => ({
  ...failure,
  job,
  run,
  at: at ?? null,
  savedAt,
  release,
});

async function* batches(states: AsyncIterable<Subject>): AsyncGenerator<Subject[]> {
  let batch: Subject[] = [];
  let bytes = 0;
  for await (const state of states) {
    batch.push(state);
    bytes += state.state?.length ?? 0;
    if (batch.length < BATCH && bytes < BATCH_BYTES) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}
