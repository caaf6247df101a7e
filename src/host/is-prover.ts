import type { HostStatus, Intent } from '../model/intent.js';

/**
 * Whether it falls to this host to prove all live checkpoints: the first by ID that has the next release ready. It begins when every host has at least begun to
 * load that: from then on each proves by itself the states that its runs leave, and none can be left between the two.
 */
export function isProver(hosts: HostStatus[], app: string, intent: Intent, id: string): boolean {
  const staying = hosts.filter(host => !host.leaving && host.apps[app] !== undefined);
  const early = staying.some(({ apps }) => {
    const { revision, standby } = apps[app]!;
    return revision < intent.revision || standby?.release !== intent.standby;
  });
  return !early && staying.find(({ apps }) => apps[app]!.standby!.state === 'ready')?.id === id;
}
