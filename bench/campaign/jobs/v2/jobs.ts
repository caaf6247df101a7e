import { child, probe, second, taste } from '../_jobs.js';

export const quick = second('campaign.quick');
export const slow = second('campaign.slow');
export const sweet = taste(() => 'sweet');
export { child, probe };
