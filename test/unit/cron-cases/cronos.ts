import type { Case } from './case.js';

const NEW_YORK = 'America/New_York';
const AMMAN = 'Asia/Amman';
const LORD_HOWE = 'Australia/Lord_Howe';

export const CRONOS: Case[] = [
  // The clock is set forward: one fire at that moment, whatever the pattern.
  { cron: '0 */30 * * * *', zone: NEW_YORK, after: '2016-03-13T06:30Z', theirs: ['2016-03-13T07:00Z'] },
  { cron: '0 */30 */2 * * *', zone: NEW_YORK, after: '2016-03-13T06:30Z', theirs: ['2016-03-13T07:00Z'] },
  { cron: '0 1-58 */2 * * *', zone: NEW_YORK, after: '2016-03-13T06:58Z', theirs: ['2016-03-13T07:00Z'] },
  { cron: '0 0,30 2 * * *', zone: NEW_YORK, after: '2016-03-12T07:30Z', theirs: ['2016-03-13T07:00Z'] },
  { cron: '0 30 2 * * *', zone: NEW_YORK, after: '2016-03-12T07:30Z', theirs: ['2016-03-13T07:00Z'] },
  { cron: '0 0,59 * * * *', zone: NEW_YORK, after: '2016-03-13T06:59Z', theirs: ['2016-03-13T07:00Z'] },
  { cron: '0 30 * * 3 SUN#2', zone: NEW_YORK, after: '2016-03-13T06:59Z', theirs: ['2016-03-13T07:00Z'] },
  {
    cron: '30 0 L * *',
    zone: AMMAN,
    after: '2017-03-30T21:59:59.999Z',
    theirs: ['2017-03-30T22:00Z', '2017-04-29T21:30Z'],
  },
  {
    cron: '30 0 LW * *',
    zone: AMMAN,
    after: '2018-03-29T21:59Z',
    theirs: ['2018-03-29T22:00Z', '2018-04-29T21:30Z'],
  },
  { cron: '30 0 29 * *', zone: AMMAN, after: '2019-03-28T21:59Z', theirs: ['2019-03-28T22:00Z'] },
  { cron: '0 */30 * * * *', zone: LORD_HOWE, after: '2017-09-30T15:15Z', theirs: ['2017-09-30T15:30Z'] },
  { cron: '0 1-58 */2 * * *', zone: LORD_HOWE, after: '2017-09-30T15:29Z', theirs: ['2017-09-30T15:30Z'] },
  { cron: '0 0,30 2 * * *', zone: LORD_HOWE, after: '2017-09-30T15:29Z', theirs: ['2017-09-30T15:30Z'] },
  { cron: '0 30 * * 10 SUN#1', zone: LORD_HOWE, after: '2017-09-30T15:29Z', theirs: ['2017-09-30T15:30Z'] },
  // It is set back: every hour goes on.
  {
    cron: '0 */30 * * * *',
    zone: NEW_YORK,
    after: '2016-11-06T05:00Z',
    theirs: ['2016-11-06T05:30Z', '2016-11-06T06:00Z', '2016-11-06T06:30Z', '2016-11-06T07:00Z'],
  },
  {
    cron: '0 30 * * * *',
    zone: NEW_YORK,
    after: '2016-11-06T05:30Z',
    theirs: ['2016-11-06T06:30Z', '2016-11-06T07:30Z'],
  },
  { cron: '0 30 */1 * * *', zone: NEW_YORK, after: '2016-11-06T05:59Z', theirs: ['2016-11-06T06:30Z'] },
  { cron: '0 */30 * * * *', zone: LORD_HOWE, after: '2017-04-01T14:59Z', theirs: ['2017-04-01T15:00Z'] },
  { cron: '0 30 * * * *', zone: LORD_HOWE, after: '2017-04-01T14:59Z', theirs: ['2017-04-01T15:00Z'] },
  // It is set back: certain times do not come again.
  {
    cron: '0 0,30 1 * * *',
    zone: NEW_YORK,
    after: '2016-11-06T05:00Z',
    theirs: ['2016-11-06T05:30Z', '2016-11-07T06:00Z'],
  },
  { cron: '0 0 2 * * *', zone: NEW_YORK, after: '2016-11-06T05:45Z', theirs: ['2016-11-06T07:00Z'] },
  { cron: '0 */30 */2 * * *', zone: NEW_YORK, after: '2016-11-06T05:30Z', theirs: ['2016-11-06T07:00Z'] },
  { cron: '0 0 2-3 * * *', zone: NEW_YORK, after: '2016-11-06T04:30Z', theirs: ['2016-11-06T07:00Z'] },
  { cron: '0 30 1 * * *', zone: LORD_HOWE, after: '2017-04-01T14:30Z', theirs: ['2017-04-02T15:00Z'] },
  { cron: '0 0,30 1 * * *', zone: LORD_HOWE, after: '2017-04-01T14:30Z', theirs: ['2017-04-02T14:30Z'] },
  { cron: '30 0 L * *', zone: AMMAN, after: '2014-10-30T22:29Z', theirs: ['2014-11-29T22:30Z'] },
  {
    cron: '30 23 * * *',
    zone: 'America/Santiago',
    after: '2017-05-14T02:59:59.999Z',
    theirs: ['2017-05-15T03:30Z'],
  },
  // It takes ranges and steps within an hour of the day for a pace too.
  {
    cron: '0 */30 1 * * *',
    zone: LORD_HOWE,
    after: '2017-04-01T14:20Z',
    theirs: ['2017-04-01T14:30Z', '2017-04-01T15:00Z'],
    ours: ['2017-04-01T14:30Z', '2017-04-02T14:30Z'],
    since: 'twice',
  },
  {
    cron: '0 30 1-9 * * *',
    zone: LORD_HOWE,
    after: '2017-04-01T14:59Z',
    theirs: ['2017-04-01T15:00Z'],
    ours: ['2017-04-01T16:00Z'],
    since: 'twice',
  },
  {
    cron: '*/30 30 1 * * *',
    zone: LORD_HOWE,
    after: '2017-04-01T14:30:31Z',
    theirs: ['2017-04-01T15:00:00Z', '2017-04-01T15:00:30Z', '2017-04-02T15:00:00Z'],
    ours: ['2017-04-02T15:00:00Z', '2017-04-02T15:00:30Z', '2017-04-03T15:00:00Z'],
    since: 'twice',
  },
];
