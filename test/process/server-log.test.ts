import { expect, test } from 'vitest';
import { reportHost } from '../../src/store/hosts.js';
import { eventually } from '../support/eventually.js';
import { spawnCli } from '../support/processes.js';
import { useStore } from '../support/store.js';
import { sampleHost } from '../support/window-samples.js';

test('a host that fell silent while no server was there is told by the next one', async () => {
  const store = useStore();
  await reportHost(store, sampleHost('host-1', null), 600_000);
  await store.redis.del(store.keys.host('host-1'));

  const server = spawnCli(['serve', '--port', '0'], { env: store.env });
  await eventually(() => /"host host-1 is silent: its runs go on elsewhere/.test(server.stderr));
  expect(server.stderr.match(/is silent/g)).toHaveLength(1);
});
