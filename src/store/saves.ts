import type { Envelope } from '../model/run.js';
import type { Keys } from './keys.js';
import { type Store, script } from './redis.js';
import { type Claimed, FencedError } from './runs.js';

export const saveScript = script<SaveAnswer>('save-run', 3);

type SaveAnswer = (string | number)[];

export interface Saved {
  /** ms, clock of Redis. */
  savedAt: number;
  /** The fence that now holds. */
  fence: number;
  /** The state is another than before. */
  advanced: boolean;
}

/** Saves a checkpoint. With mode `yield` the run also stands as yielded and its next fence is taken. @throws FencedError */
export async function saveRun(
  { redis, keys }: Store,
  run: Claimed,
  checkpoint: Envelope | null,
  mode: 'save' | 'yield' = 'save',
): Promise<Saved> {
  return readSaved(run, await saveScript(redis, ...saveArguments(keys, run, checkpoint, mode)));
}

export function saveArguments(
  keys: Keys,
  { queue, jobId, token, fence }: Claimed,
  checkpoint: Envelope | null,
  mode: 'save' | 'yield',
): (string | number)[] {
  return [
    keys.lock(queue, jobId),
    keys.run(queue, jobId),
    keys.live(queue),
    token,
    fence,
    jobId,
    checkpoint?.state ?? '',
    checkpoint?.version ?? '',
    checkpoint?.cursors ?? '',
    mode,
  ];
}

/** @throws FencedError */
export function readSaved(run: Claimed, [kind, savedAt, fence, advanced]: SaveAnswer): Saved {
  if (kind !== 'ok') throw new FencedError(run);
  return { savedAt: Number(savedAt), fence: Number(fence), advanced: advanced === 1 };
}
