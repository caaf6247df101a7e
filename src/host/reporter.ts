import type { HostStatus } from '../model/intent.js';
import { reportHost } from '../store/hosts.js';
import type { Store } from '../store/redis.js';
import type { TroubleWatch } from '../store/trouble-watch.js';

/** How often changes are told that nobody waits for. */
const LEISURE_MS = 200;

/** Tells the engine where this host stands: at once where it waits for that (the urgent changes of one turn of the loop together), else now and then. */
export class Reporter {
  #due = false;
  #leisure: NodeJS.Timeout | undefined;
  #busy = false;
  #again = false;
  #stopped = false;

  constructor(
    private readonly store: Store,
    private readonly status: () => HostStatus,
    private readonly ttlMs: number,
    private readonly trouble: TroubleWatch,
  ) {}

  /** Nothing more is told: the host is about to take its record away. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#leisure);
  }

  changed(urgent: boolean): void {
    if (this.#stopped) return;
    if (!urgent) {
      this.#leisure ??= setTimeout(() => this.#send(true), LEISURE_MS);
      return;
    }
    if (this.#due) return;
    this.#due = true;
    setImmediate(() => this.#send(true));
  }

  #send(wake: boolean): void {
    if (this.#stopped) return;
    // One at a time keeps them in order; what changes meanwhile is told right after.
    if (this.#busy) this.#again = true;
    else this.flush(wake).catch(error => this.trouble.failed(error, 'the host could not report'));
  }

  async flush(wake: boolean): Promise<void> {
    clearTimeout(this.#leisure);
    this.#leisure = undefined;
    this.#due = false;
    this.#busy = true;
    try {
      await reportHost(this.store, this.status(), this.ttlMs, { wake });
    } finally {
      this.#busy = false;
      if (this.#again) setImmediate(() => this.#send(true));
      this.#again = false;
    }
  }
}
