import type { Release } from './release.js';
import type { Window } from './window.js';

/** A release, and what it is to its app now. */
export interface UsedRelease extends Release {
  /** The app runs it. Until the swap of a window that is still the former one; host by host, until the last has moved. */
  current: boolean;
  /** Windows that go to it and are not over, in the order in which they begin. On its way back a window goes to the former release. */
  windows: Pick<Window, 'id' | 'phase' | 'outcome' | 'startsAt'>[];
}
