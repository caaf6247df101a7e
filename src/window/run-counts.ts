import type { HostAppStatus, WindowTally } from '../model/intent.js';
import type { Window } from '../model/window.js';
import { type Facts, SILENT_MS, sum } from './facts.js';

/** Runs of the window so far: the sum over its hosts, those that are gone included. So the figures never fall, and fit. */
export function runsOf({ tallies, interrupted }: Facts): Window['runs'] {
  const total = (field: 'inFlight' | 'yielded' | 'finished' | 'forced') => sumOf(tallies, field);
  return {
    inFlight: total('inFlight'),
    yielded: total('yielded'),
    finished: total('finished'),
    forced: total('forced'),
    ...(interrupted > 0 && { interrupted }),
  };
}

/** As it ends: also those of hosts that are silent, and not yet known to be gone. */
export function runsAtEnd(facts: Facts): Window['runs'] {
  const silent = sum(facts.hosts, ({ app, silentMs }) => (app && silentMs >= SILENT_MS ? heldBy(app) : 0));
  const runs = runsOf(facts);
  return silent > 0 ? { ...runs, interrupted: (runs.interrupted ?? 0) + silent } : runs;
}

type Count = {
  [Field in keyof WindowTally]-?: WindowTally[Field] extends number | undefined ? Field : never;
};

/** What all hosts counted of this. */
export const sumOf = (tallies: WindowTally[], field: Count[keyof WindowTally]): number =>
  sum(tallies, tally => tally[field] ?? 0);

/** A host of an earlier Slackwater does not say it. */
const heldBy = ({ held, running }: HostAppStatus): number => held ?? running;
