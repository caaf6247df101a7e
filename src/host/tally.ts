import type { WindowTally } from '../model/intent.js';

export function newTally(window: string): WindowTally {
  return {
    window,
    inFlight: 0,
    yielded: 0,
    finished: 0,
    forced: 0,
    resumed: 0,
    parked: 0,
    lostMs: 0,
    repeatedCheckpoints: 0,
    pauses: [],
    lastProgressOld: null,
    lastEndOld: null,
    firstStartNew: null,
    firstProgressNew: null,
    proven: 0,
  };
}
