import type { FailedRun, SetBack, WindowTally } from '../model/intent.js';
import type { Report, Watched, Window } from '../model/window.js';
import { enteredAt, sum } from './facts.js';
import { sumOf } from './run-counts.js';
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
 * @param window as it ended, with the runs of all hosts.
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
  const runs = {
    ...window.runs,
    interrupted: window.runs.interrupted ?? 0,
    resumed: sumOf(tallies, 'resumed'),
    returned: sumOf(tallies, 'returned'),
    failed: sumOf(tallies, 'failed'),
    parked: sumOf(tallies, 'parked'),
  };
  const proven = notes.proof ?? { checkpoints: 0, ms: 0, oneWay: [] };
  const broughtDown = sumOf(tallies, 'broughtDown');
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
    failures: firstFailures(window, tallies),
    work: {
      lostMs: sumOf(tallies, 'lostMs'),
      repeatedCheckpoints: sumOf(tallies, 'repeatedCheckpoints'),
      ...(broughtDown > 0 && { broughtDown }),
    },
    proof: {
      checkpoints: proven.checkpoints + sumOf(tallies, 'proven'),
      ms: proven.ms,
      oneWay: proven.oneWay,
      ...(proven.setBack?.length && { setBack: proven.setBack }),
    },
    intake: { accepted },
    // They may get their fates after the window: read with the report (`firesOfWindow`).
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

/** Of each run the first, on whichever host it was. */
function firstFailures({ release }: Window, tallies: WindowTally[]): FailedRun[] {
  const told = tallies
    .flatMap(tally => tally.failures ?? [])
    .filter(failure => failure.state === 'parked' || failure.release === release)
    .sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1));
  return told
    .filter(({ run }, i) => told.findIndex(failure => failure.run === run) === i)
    .slice(0, FAILURES_TOLD);
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
