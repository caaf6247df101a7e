import type { Envelope } from '../model/run.js';
import type { Clock } from '../platform/clock.js';
import type { RunPort } from './port.js';

/**
 * Sends offered states on: the newest when it is due, one at a time. An offer that comes while a save is under way waits for it, and a newer
 * one takes its place: that is the back-pressure. A timer sees to the last offer of a run that then waits for an hour.
 */
export class Saver {
  #pending: Envelope | null = null;
  #underWay: Promise<void> | null = null;
  #sentAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | null = null;

  constructor(
    readonly port: Pick<RunPort, 'save'>,
    readonly clock: Clock,
    readonly everyMs: number,
    readonly onRefused: (error: unknown) => void,
  ) {}

  offer(envelope: Envelope): void {
    this.#pending = envelope;
    this.#sendWhenDue();
  }

  /** Sends `envelope` in place of anything offered before it. @throws what the host says. */
  async saveNow(envelope: Envelope): Promise<void> {
    this.#pending = null;
    await this.#send(envelope, true);
  }

  /** Resolves when nothing is under way; what is still pending is not sent: the caller has something newer. */
  async settled(): Promise<void> {
    this.stop();
    while (this.#underWay) await this.#underWay.catch(() => {});
  }

  /** Saves what is pending, if anything. @throws what the host says. */
  async flush(): Promise<void> {
    const last = this.#pending;
    if (last) await this.saveNow(last);
    while (this.#underWay) await this.#underWay.catch(() => {});
  }

  /** Forgets what is pending. */
  stop(): void {
    this.#pending = null;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #sendWhenDue(): void {
    if (!this.#pending || this.#underWay || this.#cancelTimer) return;
    const wait = this.everyMs - (this.clock.monotonic() - this.#sentAt);
    if (wait <= 0) return this.#sendPending();
    this.#cancelTimer = this.clock.after(wait, () => {
      this.#cancelTimer = null;
      this.#sendPending();
    });
  }

  #sendPending(): void {
    const envelope = this.#pending;
    if (!envelope || this.#underWay) return;
    this.#pending = null;
    this.#send(envelope, false).catch(this.onRefused);
  }

  #send(envelope: Envelope, durable: boolean): Promise<void> {
    const save = () => {
      this.#sentAt = this.clock.monotonic();
      return this.port.save(envelope, durable);
    };
    const sent = (this.#underWay ? this.#underWay.then(save, save) : save()).finally(() => {
      if (this.#underWay !== sent) return;
      this.#underWay = null;
      this.#sendWhenDue();
    });
    this.#underWay = sent;
    return sent;
  }
}
