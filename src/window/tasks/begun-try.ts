import type { Clock } from '../../platform/clock.js';
import { formatDuration } from '../../platform/duration.js';
import type { TryAddress } from '../../store/task-signs.js';
import { type Executor, GivenUp, lost, type Result, type Try, unbegun } from './try.js';

/** A try begins within this time after its sign was asked for, or not at all: a sign lasts 5 s, ms. */
const SOON_MS = 2_500;
/** How often a sign of work, which lasts 5 s, is renewed, ms. */
const RENEW_EVERY_MS = 1_000;
/** Before what Redis refused is tried again, and before a result is told again that is told already and not yet taken, ms. */
const AGAIN_MS = 1_000;
const TOLD_AGAIN_MS = 5_000;

/** Where it is told how tries stand. */
export interface SignBoard {
  /** @returns whether the try is ours to begin. */
  begin(of: TryAddress): Promise<boolean>;
  renew(of: TryAddress): Promise<void>;
  tell(of: TryAddress, result: Result): Promise<void>;
  /** ms, by the clock that all machines agree on. */
  now(): Promise<number>;
}

export interface TryOptions {
  signs: SignBoard;
  executors: Record<'command' | 'http' | 'job', Executor>;
  clock: Clock;
  onTrouble(error: unknown, of: Try): void;
}

/** A try that this process has to do with: done here, or looked after. */
export class BegunTry {
  /** Something of it is left here: it works, or its result is not told. */
  live = true;
  /** Resolves when it is not live any more. */
  readonly ended: Promise<void>;
  readonly #giveUp = new AbortController();
  readonly #address: TryAddress;
  #result: Result | null = null;
  /** When the result was told last, monotonic ms. */
  #toldAt = 0;
  #silenced = false;

  constructor(
    readonly of: Try,
    private readonly options: TryOptions,
  ) {
    const { window, task, attempt } = of;
    this.#address = { window, task, attempt };
    this.ended = this.#do()
      .catch(this.#trouble)
      .finally(() => {
        this.live = false;
      });
  }

  giveUp(why: GivenUp): void {
    this.#giveUp.abort(why);
  }

  /** Whoever is told will not listen any more. */
  silence(): void {
    this.#silenced = true;
  }

  /** The engine takes a result at once. Where it still has not, Redis may have lost it. */
  tellAgain(): void {
    const { clock, signs } = this.options;
    if (this.#result === null || this.live || clock.monotonic() - this.#toldAt < TOLD_AGAIN_MS) return;
    this.#toldAt = clock.monotonic();
    signs.tell(this.#address, this.#result).catch(this.#trouble);
  }

  async #do(): Promise<void> {
    const { of } = this;
    const result = of.action.job ? await this.#doJob() : await this.#doHere();
    if (result === null) return;
    // A probe changes nothing: not to know is to have failed.
    const told: Result =
      of.kind === 'probe' && result.state === 'lost' ? { ...result, state: 'failed' } : result;
    this.#result = told;
    await this.#insist(async () => {
      this.#toldAt = this.options.clock.monotonic();
      await this.options.signs.tell(this.#address, told);
    });
  }

  /** @returns `null` where another process has begun it. */
  async #doHere(): Promise<Result | null> {
    const { of } = this;
    const { signs, executors, clock } = this.options;
    const askedAt = clock.monotonic();
    try {
      if (!(await signs.begin(this.#address))) return null;
    } catch (error) {
      return unbegun(`it was not begun, as Redis took no sign of it: ${(error as Error).message}`);
    }
    // Stopped meanwhile, or cut off: by now it may be taken for lost, and done again elsewhere.
    if (clock.monotonic() - askedAt > SOON_MS)
      return unbegun('it was not begun, as the server that was to do it stood still');
    const endSigns = this.#renew();
    const endLimit = this.#limit(of.timeoutMs);
    try {
      return await executors[of.action.command ? 'command' : 'http'](of, this.#giveUp.signal);
    } finally {
      endLimit();
      endSigns();
    }
  }

  /** Its time counts from when it was recorded: another server may have looked after it until now. */
  async #doJob(): Promise<Result | null> {
    const { of } = this;
    const { signs, executors } = this.options;
    let endLimit = () => {};
    let result: Result | null = lost('nobody could ask for its run');
    await this.#insist(async () => {
      const left = of.startedAt + of.timeoutMs - (await signs.now());
      endLimit();
      endLimit = this.#limit(Math.min(of.timeoutMs, Math.max(0, left)));
      result = await executors.job(of, this.#giveUp.signal);
    });
    endLimit();
    return result;
  }

  #limit(ms: number): () => void {
    const why = `it took longer than ${formatDuration(this.of.timeoutMs)}`;
    return this.options.clock.after(ms, () => this.giveUp(new GivenUp('timeout', why)));
  }

  /** @returns what ends the signs of work. */
  #renew(): () => void {
    const { clock, signs } = this.options;
    let on = true;
    const again = (): (() => void) =>
      clock.after(RENEW_EVERY_MS, () => {
        // One that is refused matters not: the next comes in time.
        signs.renew(this.#address).catch(this.#trouble);
        if (on) cancel = again();
      });
    let cancel = again();
    return () => {
      on = false;
      cancel();
    };
  }

  /** Does what Redis may refuse, again and again until it is done. */
  async #insist(act: () => Promise<void>): Promise<void> {
    while (!this.#silenced) {
      try {
        return await act();
      } catch (error) {
        this.#trouble(error);
      }
      await new Promise<void>(resolve => this.options.clock.after(AGAIN_MS, resolve));
    }
  }

  readonly #trouble = (error: unknown): void => this.options.onTrouble(error, this.of);
}
