import type { HostAppStatus } from '../model/intent.js';
import type { Window } from '../model/window.js';
import { type Facts, type HostView, sum } from './facts.js';

/** A host that has said nothing for so long, at the end of a window, has probably died; it says something every second. Its record may live on for a while. */
const SILENT_MS = 5_000;

/** Runs of the window so far. What a host had counted goes with it when it dies: the figures shown never fall. */
export function runsOf({ window, tallies, lost }: Facts): Window['runs'] {
  const atLeast = (field: 'inFlight' | 'yielded' | 'finished' | 'forced') =>
    Math.max(
      window.runs[field],
      sum(tallies, tally => tally[field]),
    );
  const interrupted = (window.runs.interrupted ?? 0) + lost;
  return {
    inFlight: atLeast('inFlight'),
    yielded: atLeast('yielded'),
    finished: atLeast('finished'),
    forced: atLeast('forced'),
    ...(interrupted > 0 && { interrupted }),
  };
}

/** As it ends: also those of hosts that are silent, and not yet known to be gone. */
export function runsAtEnd(facts: Facts): Window['runs'] {
  const silent = sum(facts.hosts, host => (host.silentMs >= SILENT_MS ? heldBy(host) : 0));
  const runs = runsOf(facts);
  return silent > 0 ? { ...runs, interrupted: (runs.interrupted ?? 0) + silent } : runs;
}

/** Runs that a host has begun and not ended, by its last word. */
export function heldBy({ app, leaving }: Pick<HostView, 'app' | 'leaving'>): number {
  if (app === null) return 0;
  // What a leaving host had stopped it has given back.
  if (leaving) return app.running;
  return Math.max(app.running, app.gate === 'closed' ? stopped(app) : app.running + app.resuming);
}

const stopped = ({ tally }: HostAppStatus): number =>
  tally === null ? 0 : Math.max(0, tally.inFlight - tally.finished);
