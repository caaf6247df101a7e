import { defineJob } from 'slackwater';

export { fast, long, short, slow } from '../_together.js';

/** What makes it another release. */
export const newcomer = defineJob({ name: 'together.newcomer', queue: 'newcomer', async run() {} });
