import { SlackwaterError } from '../platform/errors.js';

/** For a look that is taken again: a server that is restarted meanwhile is waited for. @throws every other error */
export function unlessAway(error: unknown): undefined {
  if (!(error instanceof SlackwaterError) || error.code !== 'unavailable') throw error;
}
