import type { Blocker, Refusal } from '../../model/intent.js';
import type { Task } from '../../model/task.js';
import { formatDuration } from '../../platform/duration.js';
import type { Facts, HostView } from '../facts.js';
import { runsAtEnd, sumOf } from '../run-counts.js';
import { isReady, isStill } from './conditions.js';

/** `0.07` as `7 %`. */
export const percent = (share: number): string => `${Math.round(share * 1_000) / 10} %`;

/** `1 run`, `3 runs`. */
export const count = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? '' : 's'}`;

export const releaseName = (release: string | null): string =>
  release === null ? 'no release' : `release ${release}`;

/** `pdf.render (2 runs), slow (run-1)`: the jobs in the way, those with most runs first. */
function describeBlockers(blockers: Blocker[]): string {
  const jobs = new Map<string, Blocker[]>();
  for (const blocker of blockers) jobs.set(blocker.job, [...(jobs.get(blocker.job) ?? []), blocker]);
  return [...jobs]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([job, runs]) => `${job} (${runs.length === 1 ? runs[0]!.run : `${runs.length} runs`})`)
    .join(', ');
}

export function describeRefusal(refusals: Refusal[], refused: number): string {
  const [first] = refusals;
  if (!first) return `${count(refused, 'saved state')} cannot be carried over`;
  const others = refused > 1 ? `, and ${count(refused - 1, 'other')}` : '';
  if (first.step !== undefined) return `${describeMisfit(first)}${others}`;
  const direction = first.direction === 'up' ? 'read' : 'brought back';
  const at = first.path === '' ? 'as a whole' : `at ${first.path}`;
  const versions = `version ${first.from ?? 'none'} to ${first.to ?? 'none'}`;
  return `the state of run ${first.run} (${first.job}, ${versions}) cannot be ${direction} ${at}: ${first.message}${others}`;
}

const describeMisfit = ({ run, job, step, message }: Refusal): string =>
  `workflow run ${run} (${job}) cannot go on${step === null ? '' : ` at step ${step}`}: ${message}`;

/** Which hosts are not ready, and what each of them lacks. */
export function describeUnready(facts: Facts): string {
  const unready = facts.staying.filter(host => !isReady(facts, host));
  if (unready.length > 0) return unready.map(host => `${host.id} (${lack(facts, host)})`).join(', ');
  return facts.staying.length === 0 ? 'no host is alive' : 'the proof of the saved states is not finished';
}

function lack(facts: Facts, host: HostView): string {
  if (!host.app) return 'does not know this app yet';
  if (!host.answered) return 'has not answered';
  return host.app.standby?.release === facts.target ? host.app.standby.state : 'does not load it';
}

/** Which hosts keep the drain from its end, and by what. */
export function describeUnstill(facts: Facts): string {
  const held = facts.hosts.filter(host => !isStill(host)).map(host => `${host.id} (${motion(host)})`);
  if (held.length > 0) return held.join(', ');
  return facts.staying.length === 0 ? 'no host is alive' : 'what a vanished host had saved is not proven yet';
}

function motion({ app, answered }: HostView): string {
  if (app && app.running > 0) {
    const names = app.blockers.length > 0 ? `: ${describeBlockers(app.blockers)}` : '';
    return `${count(app.running, 'run')} still running${names}`;
  }
  if (!app || !answered || app.gate !== 'closed') return 'has not answered';
  return `${count(app.proving, 'final state')} being proven`;
}

/** How a completed window is told in one sentence. */
export function describeSwap(facts: Facts): string {
  const { window, tallies, target } = facts;
  const { inFlight, finished, interrupted = 0 } = runsAtEnd(facts);
  const resumed = sumOf(tallies, 'resumed');
  const ended = finished > 0 ? `, ${finished} ended meanwhile` : '';
  const silent =
    interrupted > 0
      ? `; ${count(interrupted, 'run')} on a host that fell silent ${interrupted === 1 ? 'goes' : 'go'} on elsewhere`
      : '';
  const runs =
    inFlight === 0
      ? `nothing was running${silent}`
      : `of ${count(inFlight, 'run')} in flight ${resumed} went on in the new code${ended}${silent}`;
  const intake =
    window.strategy === 'window'
      ? `intake was held for ${formatDuration(window.closedMs)}`
      : 'intake was never held';
  return `${releaseName(target)} is current: ${runs}; ${intake}`;
}

/** Why a person has to say how a hook ended. */
export const nobodyKnows = ({ name, error }: Task): string =>
  `nobody knows whether the hook ${name} was done${error ? ` (${error})` : ''}`;

export const gone = (f: Facts): string => `host ${f.vanished.join(', ')} left or fell silent`;

export function backOn({ window: { previousRelease, strategy } }: Facts): string {
  const name = releaseName(previousRelease);
  // Side by side it was never closed.
  if (strategy !== 'window')
    return previousRelease === null
      ? 'there is still no release; intake was never held'
      : `runs start on ${name} again; intake was never held`;
  return previousRelease === null
    ? 'there is still no release, and intake is open again'
    : `intake is open again on ${name}`;
}

export function stillRunning(f: Facts): string {
  if (f.running === 0) return '';
  const names = f.blockers.length > 0 ? ` (${describeBlockers(f.blockers)})` : '';
  return ` while ${count(f.running, 'run')} had not reached a checkpoint${names}`;
}

export const capital = (sentence: string): string => sentence[0]!.toUpperCase() + sentence.slice(1);
