import type { Fate } from '../../model/schedule.js';
import type { Style } from './style.js';

const COLOURS: Record<Fate, 'green' | 'yellow' | 'dim' | 'cyan'> = {
  ran: 'green',
  late: 'yellow',
  held: 'cyan',
  coalesced: 'dim',
  skipped: 'dim',
};

/** A fate of a fire, in its colour. */
export const fateText = (fate: Fate, style: Style): string => style[COLOURS[fate]](fate);
