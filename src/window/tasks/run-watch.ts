import type { Run, RunState } from '../../model/run.js';
import { SlackwaterError } from '../../platform/errors.js';
import type { Service } from '../../platform/service.js';
import { showRun } from '../../queue/runs.js';
import { taskQueueOf } from '../../queue/task-runs.js';
import { followEvents } from '../../store/events.js';
import type { Store } from '../../store/redis.js';
import type { Try } from './try.js';

/** The net below the events, ms. */
const LOOK_EVERY_MS = 1_000;
const ENDED: RunState[] = ['completed', 'failed', 'cancelled', 'parked'];

/** Waits for the end of the run of a try: looks when an event tells of it, and once a second. */
export class RunWatch implements Service {
  /** Its public ID with the queue named, so that no other is asked. */
  readonly id: string;
  readonly #events: Service;
  /** Something was told of it since the last look. */
  #news = false;
  #wake = () => {};

  constructor(
    private readonly store: Store,
    { app, run }: Try,
  ) {
    this.id = `${taskQueueOf(app)}~${run}`;
    this.#events = followEvents(store, { app }, event => {
      if (event.run === run) this.#tell();
    });
  }

  start(): Promise<void> {
    return this.#events.start();
  }

  stop(): Promise<void> {
    return this.#events.stop();
  }

  /** @returns the run as it ended; `null`: there is none; `still runs` where the signal aborts first. */
  async untilEnded(signal: AbortSignal): Promise<Run | null | 'still runs'> {
    const onAbort = () => this.#tell();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        this.#news = false;
        const run = await this.#look();
        if (run === null || ENDED.includes(run.state)) return run;
        if (signal.aborted) return 'still runs';
        await this.#untilNews();
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #look(): Promise<Run | null> {
    try {
      return await showRun(this.store, this.id);
    } catch (error) {
      if (error instanceof SlackwaterError && error.code === 'not-found') return null;
      throw error;
    }
  }

  #tell(): void {
    this.#news = true;
    this.#wake();
  }

  async #untilNews(): Promise<void> {
    if (this.#news) return;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
