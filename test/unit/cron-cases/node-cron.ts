import type { Case } from './case.js';

const AMMAN = 'Asia/Amman';
const SAO_PAULO = 'America/Sao_Paulo';

export const NODE_CRON: Case[] = [
  // The clock is set forward at midnight.
  {
    cron: '* * * * *',
    zone: AMMAN,
    after: '2018-03-29T21:58Z',
    theirs: ['2018-03-29T21:59Z', '2018-03-29T22:00Z', '2018-03-29T22:01Z'],
  },
  {
    cron: '30 0 * * 5',
    zone: AMMAN,
    after: '2018-03-29T21:15Z',
    theirs: ['2018-03-29T22:00Z', '2018-04-05T21:30Z', '2018-04-12T21:30Z'],
  },
  {
    cron: '30 0 * * *',
    zone: AMMAN,
    after: '2018-03-29T21:45Z',
    theirs: ['2018-03-29T22:00Z', '2018-03-30T21:30Z', '2018-03-31T21:30Z'],
  },
  {
    cron: '30 * * * *',
    zone: AMMAN,
    after: '2018-03-29T21:45Z',
    theirs: ['2018-03-29T22:00Z', '2018-03-29T22:30Z', '2018-03-29T23:30Z'],
  },
  { cron: '0 0 9 * *', zone: 'Cuba', after: '2025-02-09T05:30Z', theirs: ['2025-03-09T05:00Z'] },
  {
    cron: '0 * * * *',
    zone: SAO_PAULO,
    after: '2018-11-04T01:00Z',
    theirs: ['2018-11-04T02:00Z', '2018-11-04T03:00Z', '2018-11-04T04:00Z'],
  },
  {
    cron: '*/3 * * * *',
    zone: SAO_PAULO,
    after: '2018-11-04T02:55Z',
    theirs: ['2018-11-04T02:57Z', '2018-11-04T03:00Z', '2018-11-04T03:03Z'],
  },
  { cron: '0 0 9 4 * *', zone: SAO_PAULO, after: '2018-10-07', theirs: ['2018-11-04T11:00Z'] },
  { cron: '20 4 * * *', zone: 'Europe/Paris', after: '2025-03-30T00:59Z', theirs: ['2025-03-30T02:20Z'] },
  // It is set back to midnight.
  { cron: '0 0 * * *', zone: AMMAN, after: '2018-10-25T20:00Z', theirs: ['2018-10-25T21:00Z'] },
  // Patterns.
  { cron: '*/15 * * 7-12 *', after: '2018-03-31', theirs: ['2018-07-01T00:00Z', '2018-07-01T00:15Z'] },
  { cron: '*/15 * * FEB *', after: '2018-03-31', theirs: ['2019-02-01'] },
  { cron: '0 8 1 * 4', after: '2019-04-21', theirs: ['2019-04-25T08:00Z'] },
  { cron: '0 */10 * * * *', after: '2018-08-10T02:19:59.999Z', theirs: ['2018-08-10T02:20Z'] },
];
