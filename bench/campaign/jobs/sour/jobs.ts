import { child, probe, second, taste } from '../_jobs.js';

export const quick = second('campaign.quick');
export const slow = second('campaign.slow');
/** It loads, and reads every state; but its runs fail. */
export const sour = taste(() => {
  throw new Error('sour');
});
export { child, probe };
