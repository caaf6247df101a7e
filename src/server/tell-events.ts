import type { EventRecord } from '../model/event.js';
import type { Hold } from '../model/hold.js';

/** A line for a server's log. */
export interface Line {
  level: 'info' | 'warn';
  text: string;
}

/**
 * What whoever reads a server's log wants to know of what others did: hosts that come and go, people who hold intake, a gate that opened by
 * itself. Windows are told by the server that moves them, runs by their hosts.
 * @param machines of the hosts that were seen: a silent one cannot be asked any more.
 * @returns `null`: nothing to tell.
 */
export function lineOf(event: EventRecord, machines: Map<string, string>): Line | null {
  const host = String(event.host);
  const hold = event.hold as Hold | undefined;
  switch (event.type) {
    case 'host.joined':
      return info(`host ${host} on ${event.hostname} has come`);
    case 'host.left':
      if (event.reason !== 'silent') return info(`host ${host} has left`);
      return warn(
        `host ${host}${machines.has(host) ? ` on ${machines.get(host)}` : ''} is silent: its runs go on elsewhere from their last save; look at its machine and its log`,
      );
    case 'hold.placed':
      if (!hold || isOfWindow(hold)) return null;
      return info(
        `${hold.owner} holds intake of ${hold.queues.join(', ')} until ${hold.until} (${hold.id}): ${hold.reason}`,
      );
    case 'hold.lifted':
      if (!hold || (isOfWindow(hold) && event.why !== 'expired')) return null;
      return info(`hold ${hold.id} of ${hold.owner} is ${event.why}: ${hold.reason}`);
    case 'gate.opened':
      return warn(`intake of ${event.app} opened by itself on release ${event.release}: ${event.why}`);
    default:
      return null;
  }
}

const info = (text: string): Line => ({ level: 'info', text });
const warn = (text: string): Line => ({ level: 'warn', text });
const isOfWindow = ({ owner }: Hold): boolean => owner.startsWith('window:');
