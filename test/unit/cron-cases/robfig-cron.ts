import type { Case } from './case.js';

const NEW_YORK = 'America/New_York';

export const ROBFIG_CRON: Case[] = [
  // The clock is set forward.
  {
    cron: '0 30 2 11 Mar ?',
    zone: NEW_YORK,
    after: '2012-03-11T05:00Z',
    theirs: ['2013-03-11T06:30Z'],
    ours: ['2012-03-11T07:00Z'],
    since: 'leftOut',
  },
  {
    cron: '0 0 * * * ?',
    zone: NEW_YORK,
    after: '2012-03-11T05:00Z',
    theirs: ['2012-03-11T06:00Z', '2012-03-11T07:00Z', '2012-03-11T08:00Z', '2012-03-11T09:00Z'],
  },
  {
    cron: '0 0 1 * * ?',
    zone: NEW_YORK,
    after: '2012-03-11T05:00Z',
    theirs: ['2012-03-11T06:00Z', '2012-03-12T05:00Z'],
  },
  {
    cron: '0 0 2 * * ?',
    zone: NEW_YORK,
    after: '2012-03-11T05:00Z',
    theirs: ['2012-03-12T06:00Z'],
    ours: ['2012-03-11T07:00Z'],
    since: 'leftOut',
  },
  {
    cron: '0 0 9 10 * ?',
    zone: 'America/Sao_Paulo',
    after: '2018-10-17T09:00Z',
    theirs: ['2018-11-10T11:00Z'],
  },
  {
    cron: '0 0 9 22 * ?',
    zone: 'America/Sao_Paulo',
    after: '2018-02-14T10:00Z',
    theirs: ['2018-02-22T12:00Z'],
  },
  // It is set back.
  { cron: '0 30 2 04 Nov ?', zone: NEW_YORK, after: '2012-11-04T04:00Z', theirs: ['2012-11-04T07:30Z'] },
  {
    cron: '0 30 1 04 Nov ?',
    zone: NEW_YORK,
    after: '2012-11-04T05:45Z',
    theirs: ['2012-11-04T06:30Z'],
    ours: ['2013-11-04T06:30Z'],
    since: 'twice',
  },
  {
    cron: '0 0 * * * ?',
    zone: NEW_YORK,
    after: '2012-11-04T04:00Z',
    theirs: ['2012-11-04T05:00Z', '2012-11-04T06:00Z', '2012-11-04T07:00Z'],
  },
  {
    cron: '0 0 1 * * ?',
    zone: NEW_YORK,
    after: '2012-11-04T04:00Z',
    theirs: ['2012-11-04T05:00Z', '2012-11-04T06:00Z', '2012-11-05T06:00Z'],
    ours: ['2012-11-04T05:00Z', '2012-11-05T06:00Z', '2012-11-06T06:00Z'],
    since: 'twice',
  },
  {
    cron: '0 0 2 * * ?',
    zone: NEW_YORK,
    after: '2012-11-04T04:00Z',
    theirs: ['2012-11-04T07:00Z', '2012-11-05T07:00Z'],
  },
  {
    cron: '0 0 3 * * ?',
    zone: NEW_YORK,
    after: '2012-11-04T04:00Z',
    theirs: ['2012-11-04T08:00Z', '2012-11-05T08:00Z'],
  },
  { cron: '0 0 3 3 * ?', zone: NEW_YORK, after: '2012-11-04T04:00Z', theirs: ['2012-12-03T08:00Z'] },
  // A zone of half an hour.
  { cron: '14 14 * * ?', zone: 'Asia/Kolkata', after: '2016-01-03T07:39:03Z', theirs: ['2016-01-03T08:44Z'] },
  // Steps that begin with a number are written as a range.
  {
    cron: '0 0/15 * * * *',
    as: '0 */15 * * * *',
    after: '2012-07-09T14:45Z',
    theirs: ['2012-07-09T15:00Z', '2012-07-09T15:15Z'],
  },
  {
    cron: '5/15 * * * *',
    as: '5-59/15 * * * *',
    after: '2012-07-09T15:00Z',
    theirs: ['2012-07-09T15:05Z', '2012-07-09T15:20Z'],
  },
  {
    cron: '15/35 20-35/15 1/2 */2 * *',
    as: '15-59/35 20-35/15 1-23/2 */2 * *',
    after: '2012-07-09T23:35:51Z',
    theirs: ['2012-07-11T01:20:15Z'],
  },
  {
    cron: '0 0 0 * Feb Mon/2',
    as: '0 0 0 * Feb Mon-Sat/2',
    after: '2012-07-09T23:35Z',
    theirs: ['2013-02-01'],
  },
  // Patterns.
  {
    cron: '0 20-35/15 * * * *',
    after: '2012-07-09T15:45Z',
    theirs: ['2012-07-09T16:20Z', '2012-07-09T16:35Z'],
  },
  { cron: '0 20-35/15 * * * *', after: '2012-07-09T23:45Z', theirs: ['2012-07-10T00:20Z'] },
  { cron: '0 */15 * * * *', after: '2012-07-09T23:46Z', theirs: ['2012-07-10T00:00Z'] },
  { cron: '0 0 0 9 Apr-Oct ?', after: '2012-07-09T23:35Z', theirs: ['2012-08-09'] },
  { cron: '0 0 0 */5 Apr,Aug,Oct Mon', after: '2012-07-09T23:35Z', theirs: ['2012-08-01'] },
  { cron: '0 0 0 */5 Oct Mon', after: '2012-07-09T23:35Z', theirs: ['2012-10-01'] },
  { cron: '0 0 0 * Feb Mon', after: '2012-07-09T23:35Z', theirs: ['2013-02-04'] },
  { cron: '0 * * * * *', after: '2012-12-31T23:59:45Z', theirs: ['2013-01-01'] },
  { cron: '0 0 0 29 Feb ?', after: '2012-07-09T23:35Z', theirs: ['2016-02-29'] },
  { cron: '0 0 0 30 Feb ?', after: '2012-07-09T23:35Z', theirs: [] },
  { cron: '0 0 0 31 Apr ?', after: '2012-07-09T23:35Z', theirs: [] },
  { cron: '* * 1,15 * Sun', after: '2012-07-14T23:59:59Z', theirs: ['2012-07-15'] },
  { cron: '* * 1,15 * Sun', after: '2012-06-14T23:59:59Z', theirs: ['2012-06-15'] },
  { cron: '* * */10 * Sun', after: '2012-07-14T23:59:59Z', theirs: ['2012-07-15'] },
  { cron: '30 08 ? Jul Sun', after: '2012-07-09', theirs: ['2012-07-15T08:30Z', '2012-07-22T08:30Z'] },
  { cron: '@hourly', after: '2012-07-09T14:59:59Z', theirs: ['2012-07-09T15:00Z'] },
  { cron: '@weekly', after: '2012-07-07T23:59:59Z', theirs: ['2012-07-08'] },
];
