import { addPaces, readPaces } from '../store/paces.js';
import type { Store } from '../store/redis.js';
import type { Pace } from './pace.js';

/** How often what other hosts have learned is read, in calls. */
const READ_EVERY = 60;

/** Shares what this host learns of an app's jobs with the others, through Redis. Where that fails, what was to be written is lost: these are figures. */
export class SharedPace {
  #calls = 0;

  constructor(
    private readonly store: Store,
    private readonly app: string,
    private readonly pace: Pace,
    private readonly now: () => number,
  ) {}

  /** To be called every second or so. The first call reads what is known: a fresh host has history. */
  async share(): Promise<void> {
    await addPaces(this.store, this.app, this.pace.takeDeltas());
    if (this.#calls++ % READ_EVERY === 0)
      this.pace.replace(await readPaces(this.store, this.app, this.now()));
  }
}
