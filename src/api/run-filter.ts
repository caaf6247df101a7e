import * as z from 'zod';
import { RUN_STATES, type RunState } from '../model/run.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Store } from '../store/redis.js';
import { getWindow } from '../store/windows.js';

/** One state, or several with commas between. */
export const statesInput = z
  .string()
  .max(200)
  .transform((text, context): RunState[] => {
    const states = text.split(',').map(state => state.trim());
    if (states.every(state => (RUN_STATES as readonly string[]).includes(state))) return states as RunState[];
    const known = RUN_STATES.map(state => `"${state}"`).join('|');
    context.addIssue({ code: 'custom', message: `must be of ${known}, several with commas between` });
    return z.NEVER;
  })
  .meta({ description: `of ${RUN_STATES.join(', ')}; several with commas between` });

/** An ID of a release is so much of its digest. */
const RELEASE_ID = 12;

/** A release, or the beginning of its ID. */
export const releaseInput = z
  .string()
  .regex(/^[0-9a-f]{4,64}$/i, 'must be an ID, a digest, or at least 4 digits of one')
  .transform(text => text.slice(0, RELEASE_ID).toLowerCase())
  .meta({ description: 'on which it ran last' });

/** Of runs that ended in a window or after it. @throws SlackwaterError `not-found`; `conflict` where it has not begun; `bad-request` for another app than its own. */
export async function endedSince(store: Store, id: string, app: string | undefined) {
  const window = await getWindow(store, id);
  if (app !== undefined && app !== window.app)
    throw new SlackwaterError(
      'bad-request',
      `window ${id} is of app ${window.app}, not of ${app}: leave one out`,
    );
  const begun = window.phases.find(({ phase }) => phase === 'preparing');
  if (begun) return { app: window.app, endedSince: Date.parse(begun.at) };
  throw new SlackwaterError(
    'conflict',
    `window ${id} (${window.outcome ?? window.phase}) has not begun: no run has ended in it`,
  );
}
