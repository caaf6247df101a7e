import type { ChanceReport } from '../model/messages.js';

/** How much a new figure counts against what was known. */
const WEIGHT = 0.2;
/** The default interval of saves, ms: how often a run speaks as long as it has not shown otherwise. */
const USUAL_WORD_MS = 250;

/** What a run has shown in this start of how far apart its chances to yield are. */
export class Stride {
  /** The longest time between two of them, ms. */
  longest = 0;
  /** How long it has been watched, ms. */
  watchedMs = 0;
  /** How far apart its messages usually are that tell of chances, ms. */
  wordEveryMs = USUAL_WORD_MS;
  /** When the last of them came: ms, clock of Redis. */
  heardAt: number;

  constructor(startedAt: number) {
    this.heardAt = startedAt;
  }

  hear({ ms, longest }: ChanceReport, now: number): void {
    this.longest = Math.max(this.longest, longest);
    this.watchedMs += ms;
    this.wordEveryMs += WEIGHT * (now - this.heardAt - this.wordEveryMs);
    this.heardAt = now;
  }
}
