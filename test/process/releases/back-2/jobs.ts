import { defineJob } from 'slackwater';
import { after, type State } from '../_back.js';

function down({ position, fails }: State): unknown {
  if (fails === 'throws') throw new Error('this one has no past');
  if (fails === 'dies') process.exit(1);
  return fails === 'misfits' ? { done: 'all of it' } : { done: position.next };
}

export const carried = after('ledger.carried', { downgrade: { 2: down } });
export const repeated = after('ledger.repeated', { onRollback: 'repeat' });
export const parked = after('ledger.parked', { onRollback: 'park' });
export const sour = defineJob({
  name: 'ledger.sour',
  run() {
    throw new Error('not well');
  },
});
