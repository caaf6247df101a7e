import type { Envelope } from '../model/run.js';
import type { Store } from './redis.js';

/** Which release's code wrote the saved state; `null` where that was not kept. */
export async function readWriter(
  { redis, keys }: Store,
  run: { queue: string; jobId: string },
): Promise<string | null> {
  return (await redis.hget(keys.run(run.queue, run.jobId), 'stateRelease')) || null;
}

/** Where a run goes on that cannot go on from its last state. */
export interface Former {
  /** Its last position in an older version of the state; `null`: none was kept, so it begins anew (what its steps have done stays done). */
  checkpoint: Envelope | null;
  /** What it has saved since then, and over what time: it does that again. */
  lost: { checkpoints: number; ms: number };
}

/** @param readable whether the code that goes on can read this version of a state. */
export async function readFormer(
  { redis, keys }: Store,
  run: { queue: string; jobId: string },
  readable: (version: number) => boolean,
): Promise<Former> {
  const fields = ['formerState', 'formerVersion', 'formerCursors', 'formerSavedAt', 'formerCount'];
  const [state, version, cursors, savedAt, count, lastAt, lastCount, startedAt] = await redis.hmget(
    keys.run(run.queue, run.jobId),
    ...fields,
    'savedAt',
    'count',
    'startedAt',
  );
  const fits = state ? readable(Number(version)) : Boolean(cursors);
  const from = fits ? savedAt : startedAt;
  return {
    checkpoint: fits
      ? { state: state || null, version: state ? Number(version) : null, cursors: cursors || null }
      : null,
    lost: {
      checkpoints: Number(lastCount ?? 0) - (fits ? Number(count) : 0),
      ms: Math.max(0, Number(lastAt ?? 0) - Number(from ?? lastAt ?? 0)),
    },
  };
}
