import { stepsJob } from '../_steps-job.js';

export const steps = stepsJob('bench.steps', 'v2');
/** Learned times are kept by job, so runs with long steps are one of their own. */
export const slow = stepsJob('bench.slow', 'v2');
