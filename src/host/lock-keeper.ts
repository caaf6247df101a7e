import type { Service } from '../platform/service.js';
import type { Consumer } from '../queue/consumer.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import type { Slot } from './slot.js';

export interface LockKeeperOptions {
  lockMs: number;
  consumers(): Iterable<Consumer>;
  slots(): Iterable<Slot>;
  /** Runs may compute again, should they have been kept from it. */
  onRenewed(): void;
  onLost(queue: string, jobIds: string[]): void;
  trouble: TroubleWatch;
}

/** After a renewal that came too late, hardly in time or not at all. */
const AGAIN_MS = 100;
/** How much earlier than the lock a run must stop computing. */
const margin = (lockMs: number) => Math.max(500, lockMs / 10);

/**
 * Renews the locks of all claims, and tells every worker's watchdog until when they surely hold: counted from the moment the renewal was
 * *sent*, on the monotonic clock, less a margin. A renewal that does not come back in time extends nothing, and the watchdogs end what computes.
 */
export class LockKeeper implements Service {
  #deadline = 0n;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly options: LockKeeperOptions) {}

  /** Monotonic ns until which every lock held now is surely ours. */
  deadline(): bigint {
    return this.#deadline;
  }

  /** To be called when Redis has answered: until then there is nothing that could be held. */
  async start(): Promise<void> {
    this.#deadline = this.#validFrom(process.hrtime.bigint());
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  get #everyMs(): number {
    return this.options.lockMs / 4;
  }

  #schedule(afterMs = this.#everyMs): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      const sent = process.hrtime.bigint();
      void this.#renew(sent).then(() => {
        // Counted like the deadline: an answer that was long on its way, as through an outage, has left little or nothing of the time that it gives.
        const late = process.hrtime.bigint() > this.#deadline;
        this.#schedule(late ? AGAIN_MS : Math.max(AGAIN_MS, this.#everyMs - msSince(sent)));
      });
    }, afterMs);
  }

  async #renew(sent: bigint): Promise<void> {
    try {
      await Promise.all(
        [...this.options.consumers()].map(async consumer => {
          const lost = await consumer.renew();
          if (lost.length > 0) this.options.onLost(consumer.queue, lost);
        }),
      );
    } catch (error) {
      return this.options.trouble.failed(error, 'locks could not be renewed');
    }
    this.#deadline = this.#validFrom(sent);
    if (process.hrtime.bigint() > this.#deadline) return;
    for (const slot of this.options.slots()) slot.grant(this.#deadline);
    // What starts now must not be stopped for want of the next answer.
    if (msSince(sent) < 2 * this.#everyMs) this.options.onRenewed();
  }

  #validFrom(instant: bigint): bigint {
    const { lockMs } = this.options;
    return instant + BigInt(Math.round((lockMs - margin(lockMs)) * 1e6));
  }
}

const msSince = (instant: bigint): number => Number(process.hrtime.bigint() - instant) / 1e6;
