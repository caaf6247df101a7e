import type { Task } from '../model/task.js';
import type { Phase, PhaseEntry, Window } from '../model/window.js';
import { isOver } from '../model/window-defaults.js';
import { isClosed } from './act.js';
import { type Facts, factsOf, LIMITS, type Limits, type Observation } from './facts.js';
import { progressOf } from './progress.js';
import { runsAtEnd } from './run-counts.js';
import type { Transition } from './table/way.js';
import { TRANSITIONS } from './transitions.js';

/** A step that the window shall take, and why. */
export interface Decision {
  from: Phase;
  because: string;
  /** The window after it; its `version` is still the one that was read. */
  window: Window;
}

/**
 * The whole mind of the engine: pure, so that any server comes to the same answer from the same facts, and a crash between decision and
 * act is just another look.
 * @param now by the clock of Redis, ms.
 * @returns `null`: nothing to do but wait.
 */
export function decide(
  window: Window,
  observation: Observation,
  now: number,
  limits: Limits = LIMITS,
): Decision | null {
  const facts = factsOf(window, observation, now, limits);
  const transition = TRANSITIONS.find(({ from, when }) => from === window.phase && when(facts));
  return transition ? take(transition, facts) : null;
}

function take(transition: Transition, facts: Facts): Decision {
  const { from, to } = transition;
  const outcome =
    typeof transition.outcome === 'function' ? transition.outcome(facts) : (transition.outcome ?? null);
  const because = transition.because(facts);
  const window: Window = { ...progressOf(facts), ...transition.set?.(facts) };
  if (to !== from) enter(window, to, facts.now, because);
  if (outcome !== null) {
    window.outcome = outcome;
    window.summary = because;
    window.finishedAt = new Date(facts.now).toISOString();
    window.request = null;
  }
  countClosed(window, facts.now);
  if (isOver(window)) {
    window.runs = runsAtEnd(facts);
    window.tasks = window.tasks.map(task => cutShort(task, facts.now));
    window.phases = lasted(window.phases, facts.now);
  }
  return { from, because, window };
}

function countClosed(window: Window, now: number): void {
  if (isClosed(window)) window.closedAt ??= new Date(now).toISOString();
  else if (window.closedAt !== null) {
    window.closedMs += Math.max(0, now - Date.parse(window.closedAt));
    window.closedAt = null;
  }
}

/** What is still at work when a window ends is ended with it, and how far it came is not known. */
function cutShort(task: Task, now: number): Task {
  if (task.state !== 'running') return task;
  const error = 'the window was over while it worked: it was ended';
  return { ...task, state: 'unknown', endedAt: new Date(now).toISOString(), error };
}

function enter(window: Window, phase: Phase, now: number, because: string): void {
  const at = new Date(now).toISOString();
  window.phase = phase;
  window.phases = [...lasted(window.phases, now), { phase, at, ms: null, because }];
}

/** The last of them is over. */
const lasted = (phases: PhaseEntry[], now: number): PhaseEntry[] =>
  phases.map(entry =>
    entry.ms === null ? { ...entry, ms: Math.max(0, now - Date.parse(entry.at)) } : entry,
  );
