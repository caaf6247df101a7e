import { child, first, probe, taste } from '../_jobs.js';

export const quick = first('campaign.quick');
export const slow = first('campaign.slow');
export const sweet = taste(() => 'sweet');
export { child, probe };
