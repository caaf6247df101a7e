import { SlackwaterError } from '../platform/errors.js';

/** For a look that is taken again: a server that is restarted meanwhile is waited for. @throws every other error */
function unlessAway(error: unknown): undefined {
  if (!(error instanceof SlackwaterError) || error.code !== 'unavailable') throw error;
}

/** The same for a look that `signal` ends. */
export const unlessLeft =
  (signal: AbortSignal) =>
  (error: unknown): undefined =>
    signal.aborted ? undefined : unlessAway(error);
