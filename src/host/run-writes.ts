import type { EnqueueOptions, ToHost } from '../model/messages.js';
import type { Progress } from '../model/run.js';
import { SlackwaterError } from '../platform/errors.js';
import type { DurableSaves } from '../store/durable-saves.js';
import type { Store } from '../store/redis.js';
import { appendLog, FencedError, handOver, saveProgress, saveStep } from '../store/runs.js';
import { saveRun } from '../store/saves.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import type { HeldRun } from './held-run.js';
import type { Patience } from './patience.js';
import type { RunSlot } from './pool.js';

type Write = Extract<ToHost, { t: 'save' | 'step' | 'enqueue' | 'progress' | 'log' }>;

export interface RunWritesOptions {
  app: string;
  store: Store;
  trouble: TroubleWatch;
  logLines: number;
  now(): number;
  patience: Patience;
  /** `null`: a commit is as durable as any save. */
  durableSaves: DurableSaves | null;
  enqueue(app: string, id: string, job: string, payload: string, options: EnqueueOptions): Promise<string>;
  /** A write was refused: another claim owns the run. */
  onFenced(run: HeldRun): void;
}

/** What running code asks to have written, on its way to Redis: each write fenced, each question answered. */
export class RunWrites {
  constructor(private readonly options: RunWritesOptions) {}

  async write(run: HeldRun, slot: RunSlot, message: ToHost): Promise<void> {
    const write = message as Write;
    if (write.t === 'progress')
      return this.#quietly(saveProgress(this.options.store, run.claimed, write.progress satisfies Progress));
    if (write.t === 'log')
      return this.#quietly(appendLog(this.options.store, run.claimed, write.lines, this.options.logLines));
    const { claim, seq } = write;
    const { patience } = this.options;
    const answer = () => this.#answer(run, write);
    const offer = ++run.writes;
    try {
      // Whoever waits for the answer gets it when there is one to give.
      const waits = write.t !== 'save' || write.durable;
      const value = await (waits ? patience.until(answer, () => run.claim === claim && !run.lost) : answer());
      slot.send({ t: 'ack', claim, seq, value });
    } catch (thrown) {
      if (thrown instanceof FencedError) this.options.onFenced(run);
      const error = thrown instanceof SlackwaterError ? thrown : unavailable(thrown);
      // An offer that could not be saved is offered again later; only who asked for durability must hear of it.
      const heard = write.t !== 'save' || write.durable || thrown instanceof FencedError;
      if (!heard) {
        this.options.trouble.failed(thrown, 'a checkpoint could not be saved', { run: run.claimed.runId });
        // It may be the last one before a long silence.
        run.unsaved = patience
          .until(answer, () => run.claim === claim && run.writes === offer && !run.lost)
          .then(done, done);
      }
      slot.send({
        t: 'ack',
        claim,
        seq,
        ...(heard && { error: { code: error.code, message: error.message } }),
      });
    }
  }

  async #answer(run: HeldRun, write: Extract<Write, { seq: number }>): Promise<unknown> {
    const { store, now } = this.options;
    switch (write.t) {
      case 'save': {
        run.saving++;
        const { durableSaves } = this.options;
        // On another connection it could come in before an older one that is being sent again.
        if (write.durable) await run.unsaved;
        const saving =
          write.durable && durableSaves
            ? durableSaves.save(run.right, write.checkpoint)
            : saveRun(store, run.right, write.checkpoint);
        const { savedAt, advanced } = await saving.finally(() => run.saving > 0 && run.saving--);
        if (advanced) run.forgiven();
        run.savedAt = savedAt;
        return;
      }
      case 'step':
        await saveStep(store, run.right, write.name, write.record);
        if ('value' in write.record) run.forgiven();
        run.savedAt = now();
        return;
      case 'enqueue':
        return this.options.enqueue(this.options.app, write.id, write.job, write.payload, write.options);
    }
  }

  /** A run goes on in another release. */
  handedOver(run: HeldRun, release: string, host: string): void {
    if (run.release !== release) run.acquitted();
    run.release = release;
    this.#quietly(handOver(this.options.store, run.claimed, release, host));
  }

  /** A line of the host in the run's own log. */
  note(run: HeldRun, text: string): void {
    const line = JSON.stringify({ level: 40, time: Math.round(this.options.now()), msg: text });
    this.#quietly(appendLog(this.options.store, run.claimed, [line], this.options.logLines));
  }

  #quietly(write: Promise<unknown>): void {
    write.catch(error => this.options.trouble.failed(error, 'what a run reported could not be stored'));
  }
}

const done = () => {};

function unavailable(thrown: unknown): SlackwaterError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SlackwaterError('unavailable', `Redis refused the write: ${message}`);
}
