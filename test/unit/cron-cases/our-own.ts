import type { Case } from './case.js';

/** Zones and days that no other table has, by our own rule. */
export const OUR_OWN: Case[] = [
  // Clocks that are set forward at midnight: the day begins at one.
  {
    cron: '0 0 * * *',
    zone: 'America/Sao_Paulo',
    after: '2017-10-14T12:00Z',
    theirs: ['2017-10-15T03:00Z', '2017-10-16T02:00Z'],
  },
  {
    cron: '30 0 * * *',
    zone: 'America/Sao_Paulo',
    after: '2017-10-14T12:00Z',
    theirs: ['2017-10-15T03:00Z', '2017-10-16T02:30Z'],
  },
  {
    cron: '0 0 * * *',
    zone: 'Africa/Cairo',
    after: '2024-04-25T12:00Z',
    theirs: ['2024-04-25T22:00Z', '2024-04-26T21:00Z'],
  },
  {
    cron: '0 0 * * *',
    zone: 'Asia/Beirut',
    after: '2024-03-30T12:00Z',
    theirs: ['2024-03-30T22:00Z', '2024-03-31T21:00Z'],
  },
  // And set back at midnight: the last hour of the day comes twice, midnight once.
  {
    cron: '30 23 * * *',
    zone: 'America/Sao_Paulo',
    after: '2018-02-17T12:00Z',
    theirs: ['2018-02-18T01:30Z', '2018-02-19T02:30Z'],
  },
  {
    cron: '0 0 * * *',
    zone: 'Africa/Cairo',
    after: '2024-10-31T12:00Z',
    theirs: ['2024-10-31T22:00Z', '2024-11-01T22:00Z'],
  },
  {
    cron: '30 23 * * *',
    zone: 'Africa/Cairo',
    after: '2024-10-31T12:00Z',
    theirs: ['2024-10-31T20:30Z', '2024-11-01T21:30Z'],
  },
  {
    cron: '0 0 * * *',
    zone: 'Asia/Beirut',
    after: '2024-10-26T12:00Z',
    theirs: ['2024-10-26T22:00Z', '2024-10-27T22:00Z'],
  },
  {
    cron: '*/30 * * * *',
    zone: 'Asia/Beirut',
    after: '2024-10-26T20:15Z',
    theirs: ['2024-10-26T20:30Z', '2024-10-26T21:00Z', '2024-10-26T21:30Z', '2024-10-26T22:00Z'],
  },
  // Clocks that differ by quarters of an hour.
  {
    cron: '0 3 * * *',
    zone: 'Pacific/Chatham',
    after: '2030-09-28T00:00Z',
    theirs: ['2030-09-28T14:00Z', '2030-09-29T13:15Z'],
  },
  {
    cron: '0 6 * * *',
    zone: 'Asia/Kathmandu',
    after: '2030-01-01',
    theirs: ['2030-01-01T00:15Z', '2030-01-02T00:15Z'],
  },
  // A day that does not exist, at the end of a month: one fire as it would have begun.
  {
    cron: '0 0 30 12 *',
    zone: 'Pacific/Apia',
    after: '2011-12-01',
    theirs: ['2011-12-30T10:00Z', '2012-12-29T10:00Z'],
  },
  // Leap days, also over a century without one, and the end of the year.
  { cron: '0 0 29 2 *', after: '2024-02-29', theirs: ['2028-02-29'] },
  { cron: '0 0 29 2 *', after: '2096-02-29', theirs: ['2104-02-29'] },
  {
    cron: '59 59 23 31 12 *',
    zone: 'Pacific/Kiritimati',
    after: '2029-06-01',
    theirs: ['2029-12-31T09:59:59Z', '2030-12-31T09:59:59Z'],
  },
  { cron: '0 0 1 1 *', zone: 'Pacific/Pago_Pago', after: '2029-12-31T23:59Z', theirs: ['2030-01-01T11:00Z'] },
  {
    cron: '* * * * * *',
    zone: 'Europe/Berlin',
    after: '2029-12-31T22:59:58.500Z',
    theirs: ['2029-12-31T22:59:59Z', '2029-12-31T23:00Z'],
  },
];
