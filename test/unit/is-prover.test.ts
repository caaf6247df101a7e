import { expect, test } from 'vitest';
import { isProver } from '../../src/host/is-prover.js';
import type { HostAppStatus, HostStatus, Intent } from '../../src/model/intent.js';

const intent = { standby: 'next', revision: 7 } as Intent;
const host = (id: string, app: Partial<HostAppStatus> | null, leaving = false) =>
  ({ id, leaving, apps: app ? { a: { revision: 7, ...app } } : {} }) as unknown as HostStatus;
const standby = (state: 'loading' | 'ready' | 'broken', release = 'next') => ({
  standby: { release, state, error: null },
});

test.each<[string, HostStatus[], boolean]>([
  ['is the first that is ready', [host('h1', standby('ready')), host('h2', standby('ready'))], true],
  ['is not the second', [host('h0', standby('ready')), host('h1', standby('ready'))], false],
  [
    'may be the second while the first still loads',
    [host('h0', standby('loading')), host('h1', standby('ready'))],
    true,
  ],
  [
    'waits for a host that has not begun to load',
    [host('h1', standby('ready')), host('h2', { standby: null })],
    false,
  ],
  [
    'waits for a host that stands at another release',
    [host('h1', standby('ready')), host('h2', standby('ready', 'old'))],
    false,
  ],
  [
    'waits for a host that has not heard of it',
    [host('h1', standby('ready')), host('h2', { ...standby('ready'), revision: 6 })],
    false,
  ],
  [
    'waits for no host that leaves',
    [host('h1', standby('ready')), host('h2', { standby: null }, true)],
    true,
  ],
  ['waits for no host that serves other apps', [host('h1', standby('ready')), host('h2', null)], true],
  ['is none while nothing is loaded', [host('h1', standby('loading'))], false],
])('the prover %s', (_, hosts, expected) => {
  expect(isProver(hosts, 'a', intent, 'h1')).toBe(expected);
});
