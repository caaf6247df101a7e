import type { AbortReason, Parked } from '../model/run.js';

/**
 * What is thrown through an author's function to end it. Known by a symbol, so that an error of the author that merely looks like one is not.
 */
const YIELD = Symbol.for('slackwater.yield');

/** Thrown by a call on `ctx` when the run yields. Its message is for the author who caught it and looks at it. */
export class Yield extends Error {
  override readonly name = 'Yield';
  readonly [YIELD] = true;
  constructor() {
    super(
      'the run yields here: its state is saved and it goes on later. This is no failure: do not catch it, or throw it again',
    );
  }
}

/** Also where the author wrapped it (`cause`) or where it came out of parallel work (`AggregateError`). */
export function isYield(thrown: unknown, depth = 0): boolean {
  if (typeof thrown !== 'object' || thrown === null || depth > 5) return false;
  if (YIELD in thrown) return true;
  const { cause, errors } = thrown as { cause?: unknown; errors?: unknown };
  return (
    isYield(cause, depth + 1) || (Array.isArray(errors) && errors.some(error => isYield(error, depth + 1)))
  );
}

/** Why the run must stop at once: the reason of `ctx.signal`, and what every call on `ctx` throws from then on. */
export class Aborted extends Error {
  override readonly name = 'AbortError';
  constructor(readonly code: AbortReason) {
    super(MEANING[code]);
  }
}

const MEANING: Record<AbortReason, string> = {
  cancelled: 'the run was cancelled',
  timeout: 'the run has computed for longer than its timeout allows',
  forced: 'the run was stopped by a deploy whose drain deadline has passed',
  fenced: 'the run was started elsewhere: nothing that this start does counts any more',
};

/** Thrown to set the run aside for a person. */
export class Park extends Error {
  override readonly name = 'Parked';
  constructor(readonly parked: Parked) {
    super(parked.reason);
  }
}
