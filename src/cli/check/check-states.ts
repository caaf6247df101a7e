import type { ProofFailure, ProofItem, ProofResult } from '../../model/messages.js';
import type { SavedState } from '../../model/saved-state.js';
import type { LocalRelease } from './local-release.js';
import { StateReader } from './state-reader.js';

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
}

const KEPT_REFUSALS = 1_000;
const BATCH = 200;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Reads every state with the code of the next release, as a window would: up to its version, and where the running release is known back down to
 * that one's, which must accept what came back. A batch at a time; memory stays flat.
 */
export async function checkStates(
  states: AsyncIterable<Subject>,
  next: LocalRelease,
  running: LocalRelease | null,
): Promise<Findings> {
  const found: Findings = { live: 0, kept: 0, refused: 0, refusals: [], oneWay: [] };
  const upward = new StateReader(next.entry);
  const back = running && new StateReader(running.entry);
  try {
    for await (const batch of batches(states)) {
      const failures = await proveBatch(batch);
      for (const [i, subject] of batch.entries()) {
        found[subject.at === undefined ? 'live' : 'kept'] += 1;
        const failure = failures[i];
        if (!failure) continue;
        found.refused += 1;
        if (found.refusals.length === KEPT_REFUSALS) continue;
        const wanted = next.jobs.get(subject.job)?.checkpointVersion ?? null;
        found.refusals.push(unreadable(subject, failure, wanted));
      }
    }
  } finally {
    await Promise.all([upward.stop(), back?.stop()]);
  }
  return found;

  async function proveBatch(batch: Subject[]): Promise<(ProofFailure | null)[]> {
    const downTo = (job: string) => running?.jobs.get(job)?.checkpointVersion ?? undefined;
    const results = await upward.read(batch.map(subject => upItem(subject, downTo(subject.job))));
    const failures = results.map(failureOf);
    const came = batch.flatMap(({ job }, i) => {
      const result = results[i]!;
      if (result.ok && result.noWayDown && !found.oneWay.includes(job)) found.oneWay.push(job);
      return result.ok && result.down !== undefined ? [{ i, job, state: result.down }] : [];
    });
    if (!back || came.length === 0) return failures;
    const items = came.map(
      ({ job, state }): ProofItem => ({ job, version: downTo(job) ?? null, state, to: 'same' }),
    );
    for (const [n, result] of (await back.read(items)).entries()) failures[came[n]!.i] = failureOf(result);
    return failures;
  }
}

const upItem = ({ job, version, state }: Subject, downTo: number | undefined): ProofItem => ({
  job,
  version,
  state,
  to: 'up',
  ...(downTo !== undefined && { downTo }),
});

const failureOf = (result: ProofResult): ProofFailure | null => (result.ok ? null : result.failure);

const unreadable = (
  { job, run, at, savedAt, release }: Subject,
  failure: ProofFailure,
  wanted: number | null,
): Unreadable => ({
  ...failure,
  to: failure.to ?? wanted,
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
