import { defineJob } from 'slackwater';
import { before } from '../_back.js';

export const carried = before('ledger.carried');
export const repeated = before('ledger.repeated');
export const parked = before('ledger.parked');
export const sour = defineJob({ name: 'ledger.sour', run: () => 'well' });
