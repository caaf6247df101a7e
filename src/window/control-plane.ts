import type { Hold } from '../model/hold.js';
import type { Window } from '../model/window.js';
import type { Service } from '../platform/service.js';
import type { Holder } from '../store/lease.js';
import type { Advance, WindowChange } from '../store/windows.js';
import type { Observation } from './facts.js';

/** One look at a window and at all that bears on it, but for what the other open windows say. */
export interface Look extends Omit<Observation, 'busy'> {
  window: Window;
  holds: Hold[];
  /** By the clock that all machines agree on (that of Redis), ms. */
  now: number;
}

/**
 * All that the engine asks of Redis. `redis-control-plane.ts` is the real one; the simulation has one in memory, and one contract suite holds both to
 * the same answers. Any call may fail, or hang while Redis is away, or fail after it was done: the engine takes none of them for granted.
 */
export interface ControlPlane {
  /** Those that are not over, in the order in which they begin. */
  openWindows(): Promise<Window[]>;
  /** Reads this window anew, with all that bears on it: one round trip. @param window as it was last known; says which keys to read. */
  look(window: Window): Promise<Look>;
  /** The engine's only way to write, whole or not at all: compares lease, version and revision first. */
  advance(holder: Holder, change: WindowChange): Promise<Advance>;
  /** What was noted beside a window on the way. */
  notes(windowId: string): Promise<Record<string, unknown>>;
  /** Forgets the oldest of the ended windows. */
  prune(app: string): Promise<void>;
  /** Tells screens and logs. */
  tell(type: string, data: Record<string, unknown>): Promise<void>;
  /** How many runs each queue was ever given. */
  intakeCounters(queues: string[]): Promise<Record<string, number>>;
  /** Makes the pause flags of these queues follow their holds. */
  applyPauseFlags(queues: string[]): Promise<void>;
  /** Puts the intents of all apps under this holder's term: hosts follow none of a lower term than they have seen. */
  claimIntents(holder: Holder): Promise<void>;
  /** Lifts what is past its `until`, opens the gates that should be open, and makes all pause flags follow. */
  sweep(): Promise<void>;
  /** Calls `onWake` when something changed. A hint: some never come, some come twice. */
  watch(onWake: () => void): Service;
}
