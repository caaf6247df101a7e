import { defineJob } from 'slackwater';
import { pause, record, work } from '../_jobs.js';

/** The job has another queue now. */
export const steps = defineJob({
  name: 'ledger.steps',
  queue: 'elsewhere',
  payload: work,
  async run(ctx, { ledger, items, everyMs }) {
    for (let item = 0; item < items; item++) {
      await pause(everyMs);
      record(ledger, ctx, item);
    }
    return items;
  },
});
