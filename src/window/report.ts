import type { SetBack, WindowTally } from '../model/intent.js';
import type { Report, Watched, Window } from '../model/window.js';
import { enteredAt, sum } from './facts.js';
import { failureRate } from './table/watch.js';

/** What was noted on the way, for the report alone: kept beside the window, since the hosts forget it. */
export interface WindowNotes {
  /** BullMQ's counter of each queue when the window began. */
  intake: Record<string, number>;
  /** The longest estimate to a next checkpoint when the drain began; `null` without history. */
  forecastDrainMs: number | null;
  proof: { checkpoints: number; ms: number; oneWay: string[]; setBack?: SetBack[] };
}

/** The rest is in the list of runs. */
const FAILURES_TOLD = 5;

/**
 * The account of a window, from what every host counted.
 * @param accepted runs that producers handed over from `preparing` on.
 * @param now by the clock of Redis, ms: the end of what has not ended yet.
 */
export function makeReport(
  window: Window,
  tallies: WindowTally[],
  notes: Partial<WindowNotes>,
  accepted: number,
  now: number,
): Report {
  const total = (field: 'inFlight' | 'yielded' | 'finished' | 'forced') =>
    Math.max(
      window.runs[field],
      sum(tallies, tally => tally[field]),
    );
  const runs = {
    inFlight: total('inFlight'),
    yielded: total('yielded'),
    finished: total('finished'),
    forced: total('forced'),
    interrupted: window.runs.interrupted ?? 0,
    resumed: sum(tallies, tally => tally.resumed),
    returned: sum(tallies, tally => tally.returned ?? 0),
    failed: sum(tallies, tally => tally.failed ?? 0),
    parked: sum(tallies, tally => tally.parked),
  };
  const proven = notes.proof ?? { checkpoints: 0, ms: 0, oneWay: [] };
  const broughtDown = sum(tallies, tally => tally.broughtDown ?? 0);
  const stopped = openSpan(window, now);
  return {
    window: window.id,
    app: window.app,
    strategy: window.strategy,
    outcome: window.outcome!,
    summary: window.summary,
    reason: window.reason,
    createdBy: window.createdBy,
    askings: window.askings,
    from: window.previousRelease,
    to: window.release,
    startedAt: enteredAt(window, 'preparing'),
    finishedAt: window.finishedAt!,
    phases: window.phases,
    // Without runs that went on there is no first progress: then the stop ended when intake opened.
    downtimeMs: gap(tallies, 'lastProgressOld', 'firstProgressNew', runs.resumed > 0 ? now : stopped),
    stoppedMs: gap(tallies, 'lastEndOld', 'firstStartNew', stopped),
    drainMs: spent(window, 'draining'),
    swapMs: spent(window, 'swapping'),
    pause: percentiles(tallies.flatMap(tally => tally.pauses)),
    forecast: { drainMs: notes.forecastDrainMs ?? null },
    runs,
    failures: tallies
      .flatMap(tally => tally.failures ?? [])
      .filter(({ state, release }) => state === 'parked' || release === window.release)
      .slice(0, FAILURES_TOLD),
    work: {
      lostMs: sum(tallies, tally => tally.lostMs),
      repeatedCheckpoints: sum(tallies, tally => tally.repeatedCheckpoints),
      ...(broughtDown > 0 && { broughtDown }),
    },
    proof: {
      checkpoints: proven.checkpoints + sum(tallies, tally => tally.proven),
      ms: proven.ms,
      oneWay: proven.oneWay,
      ...(proven.setBack?.length && { setBack: proven.setBack }),
    },
    intake: { accepted },
    fires: [],
    blockers: window.blockers,
    refusals: window.refusals,
    tasks: window.tasks,
    rollback: window.rollback,
    watch: window.watch &&
      window.watched && {
        ...window.watched,
        failureRate: ratesOf(window.watched),
        minRuns: window.watch.minRuns,
      },
  };
}

const ratesOf = (watched: Watched) => ({
  new: failureRate(watched.new),
  old: failureRate(watched.old),
});

/** When intake was open again; `null` if the window never closed it. */
function openSpan(window: Window, now: number): number | null {
  if (enteredAt(window, 'draining') === null) return null;
  const reopened = enteredAt(window, 'resuming') ?? window.finishedAt;
  return reopened === null ? now : Date.parse(reopened);
}

/** From the last sign of the old to the first of the new; 0 where nothing ran when intake closed. */
function gap(
  tallies: WindowTally[],
  last: 'lastProgressOld' | 'lastEndOld',
  first: 'firstProgressNew' | 'firstStartNew',
  otherwise: number | null,
): number {
  const busy = tallies.filter(tally => tally.inFlight > 0);
  // Where one host never came to a stop there was no moment without work.
  if (busy.length === 0 || busy.some(tally => tally[last] === null)) return 0;
  const from = Math.max(...tallies.map(tally => tally[last] ?? Number.NEGATIVE_INFINITY));
  const until = Math.min(...tallies.map(tally => tally[first] ?? Number.POSITIVE_INFINITY));
  const end = Number.isFinite(until) ? until : otherwise;
  return end === null || !Number.isFinite(from) ? 0 : Math.max(0, tenths(end - from));
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10;

const spent = (window: Window, phase: 'draining' | 'swapping'): number =>
  sum(
    window.phases.filter(entry => entry.phase === phase),
    entry => entry.ms ?? 0,
  );

/** Nearest rank: each figure is the pause of some run. */
function percentiles(pauses: number[]): Report['pause'] {
  const sorted = pauses.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50Ms: rank(0.5), p99Ms: rank(0.99), maxMs: sorted.at(-1) ?? 0 };
}
