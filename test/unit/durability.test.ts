import { expect, it } from 'vitest';
import { assurancesOf, inVain, isNone, waitsFor } from '../../src/store/durability.js';

const info = (version: string, aof: 0 | 1, replicas: number) =>
  `# Server\r\nredis_version:${version}\r\n# Persistence\r\naof_enabled:${aof}\r\n# Replication\r\nrole:master\r\nconnected_slaves:${replicas}\r\n`;

it.each([
  { of: info('7.0.15', 1, 0), fsync: 'everysec', waits: [], none: true },
  { of: info('7.0.15', 1, 0), fsync: 'always', waits: [], none: false },
  { of: info('6.2.14', 1, 2), fsync: 'everysec', waits: ['WAIT 1 500'], none: false },
  { of: info('7.2.5', 1, 0), fsync: 'everysec', waits: ['WAITAOF 1 0 500'], none: false },
  { of: info('8.0.1', 1, 1), fsync: undefined, waits: ['WAITAOF 1 0 500', 'WAIT 1 500'], none: false },
  { of: info('8.0.1', 1, 1), fsync: 'always', waits: ['WAIT 1 500'], none: false },
  // Without an append-only file Redis refuses to wait for one.
  { of: info('7.4.0', 0, 0), fsync: 'always', waits: [], none: true },
])('waits for $waits where the disk is synced $fsync', ({ of, fsync, waits, none }) => {
  const assurances = assurancesOf(of, fsync);
  expect(waitsFor(assurances, 500).map(wait => wait.join(' '))).toEqual(waits);
  expect(isNone(assurances)).toBe(none);
});

it('takes an answer for what it says, and names what was not confirmed', () => {
  const waits = waitsFor({ disk: true, replica: true, always: false }, 500);
  expect(inVain(waits, [[1, 0], 1], 500)).toBeNull();
  expect(inVain(waits, [[0, 0], 1], 500)?.message).toMatch(/within 500 ms that it is on its disk/);
  expect(inVain(waits, [[1, 0], 0], 500)?.message).toMatch(/that a replica has it/);
  expect(inVain([], [], 500)).toBeNull();
});
