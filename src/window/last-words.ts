import type { HostStatus } from '../model/intent.js';
import type { Window } from '../model/window.js';
import { heldBy } from './run-counts.js';

/** What each host of a window last said of the runs that it holds: when it is gone, nobody else knows. */
export class LastWords {
  readonly #held = new Map<string, Record<string, number>>();

  /** @returns by ID, those of hosts that are gone included. */
  heed({ id, app }: Window, hosts: HostStatus[]): Record<string, number> {
    const held = this.#held.get(id) ?? {};
    for (const host of hosts) held[host.id] = heldBy({ app: host.apps[app] ?? null, leaving: host.leaving });
    this.#held.set(id, held);
    return held;
  }

  forget({ id }: Window): void {
    this.#held.delete(id);
  }
}
