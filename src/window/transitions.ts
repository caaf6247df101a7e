import { DRAINING } from './table/draining.js';
import { HELD } from './table/held.js';
import { PREPARING } from './table/preparing.js';
import { RESUMING } from './table/resuming.js';
import { ROLLING } from './table/rolling.js';
import { SCHEDULED } from './table/scheduled.js';
import { SWAPPING } from './table/swapping.js';
import { VERIFYING } from './table/verifying.js';
import { WATCHING } from './table/watching.js';
import type { Transition } from './table/way.js';

/**
 * Every way there is. Of those that leave the present phase the first whose `when` holds is taken, so their order matters: what ends a
 * window comes before what goes on with it, and what was seen before what was merely not seen in time.
 */
export const TRANSITIONS: Transition[] = [
  ...SCHEDULED,
  ...PREPARING,
  ...DRAINING,
  ...SWAPPING,
  ...ROLLING,
  ...VERIFYING,
  ...RESUMING,
  ...WATCHING,
  ...HELD,
];
