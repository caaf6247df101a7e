import type { Clock } from '../../src/platform/clock.js';
import type { Send } from '../support/memory-control-plane.js';
import { T0 } from '../support/window-samples.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

interface Message {
  name: string;
  act: () => unknown;
  /** How often it was done, and whether the last answer is on its way. */
  tries: number;
  done: boolean;
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

/** What lies between all processes and Redis. */
export interface Network {
  /** Redis answers nobody. */
  away: boolean;
  /** Some messages are answered with an error: not done, or done all the same. */
  trouble: 'none' | 'refused' | 'answer lost';
  /** An act reaches Redis. @returns `false`: it does not after all, or not now. */
  onAct(name: string, process: Process): boolean;
}

/**
 * A process that may be stopped, continued and killed, and its connection to Redis. Messages keep their order, and what was not answered when the
 * connection broke is sent again, as the client does it: so it may be done twice.
 */
export class Process {
  state: 'running' | 'stopped' | 'dead' = 'running';
  isCut = false;
  #inbox: (() => void)[] = [];
  #messages: Message[] = [];
  #lastArrival = 0;
  #lastAnswer = 0;
  /** Some could not be sent when they should have been: all go out with the next. */
  #areLate = false;

  constructor(
    readonly name: string,
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly network: Network,
    /** Its code has been at work: what it does next is on the way. */
    private readonly onTouch: () => void,
  ) {}

  readonly clock: Clock = {
    now: () => T0 + this.scheduler.now,
    monotonic: () => this.scheduler.now,
    after: (ms, fn) => this.scheduler.in(ms, `${this.name}: timer`, () => this.deliver(fn)),
  };

  /** Something happens in it: now, when it goes on, or never. */
  deliver(fn: () => void): void {
    if (this.state === 'running') {
      this.onTouch();
      fn();
    } else if (this.state === 'stopped') this.#inbox.push(fn);
  }

  readonly send: Send = (act, name) =>
    new Promise((resolve, reject) => {
      this.#messages.push({
        name,
        act,
        tries: 0,
        done: false,
        resolve: resolve as Message['resolve'],
        reject,
      });
      this.#plan();
    });

  stop(): void {
    if (this.state === 'running') this.state = 'stopped';
  }

  continue(): void {
    if (this.state !== 'stopped') return;
    this.state = 'running';
    // Timers and answers that came meanwhile, one after the other.
    for (const fn of this.#inbox.splice(0))
      this.scheduler.in(0, `${this.name}: goes on`, () => this.deliver(fn));
    this.#plan();
  }

  /** What it has sent arrives, or some of it does. */
  kill(): void {
    this.state = 'dead';
    this.#inbox = [];
    if (this.random.chance(0.5)) this.lose();
  }

  /** Nothing that it has sent arrives. */
  lose(): void {
    this.#messages = [];
  }

  cut(): void {
    this.isCut = true;
    this.reset();
  }

  /** It is connected again. */
  heal(): void {
    this.isCut = false;
    if (this.state !== 'dead') this.#plan();
  }

  /** The connection breaks: what is not answered is sent again when it is back. */
  reset(): void {
    for (const message of this.#messages) message.done = false;
    this.#areLate = true;
  }

  #latency(): number {
    const { random } = this;
    if (random.chance(0.9)) return random.next() * 2;
    return random.chance(0.8) ? random.between(2, 60) : random.between(60, 600);
  }

  #plan(): void {
    const { scheduler } = this;
    const at = Math.max(this.#lastArrival, scheduler.now + this.#latency());
    this.#lastArrival = at;
    scheduler.in(at - scheduler.now, `${this.name}: message`, () => this.#arrive());
  }

  #arrive(): void {
    const { network } = this;
    // Stopped before it was sent, or after.
    const isHeld = this.state === 'stopped' && this.random.chance(0.5);
    if (this.isCut || network.away || isHeld) {
      this.#areLate = true;
      return;
    }
    const many = this.#areLate ? this.#messages.length : 1;
    this.#areLate = false;
    for (let i = 0; i < many; i++) this.#arriveOne();
  }

  #arriveOne(): void {
    const { scheduler, network } = this;
    const message = this.#messages.find(each => !each.done);
    if (!message) return;
    if (!network.onAct(message.name, this)) {
      this.#areLate = true;
      return;
    }
    message.done = true;
    const tries = ++message.tries;
    const answer = this.#answer(message);
    const at = Math.max(this.#lastAnswer, scheduler.now + this.#latency());
    this.#lastAnswer = at;
    scheduler.in(at - scheduler.now, `${this.name}: answer`, () => {
      // The connection broke meanwhile, and it is sent again.
      if (!message.done || message.tries !== tries || !this.#messages.includes(message)) return;
      this.#messages.splice(this.#messages.indexOf(message), 1);
      this.deliver(answer);
    });
  }

  #answer({ act, resolve, reject, name }: Message): () => void {
    const trouble = this.random.chance(0.3) ? this.network.trouble : 'none';
    if (trouble === 'refused') return () => reject(new Error(`refused: ${name}`));
    try {
      const answer = act();
      return trouble === 'answer lost'
        ? () => reject(new Error(`the answer was lost: ${name}`))
        : () => resolve(answer as never);
    } catch (error) {
      return () => reject(error as Error);
    }
  }
}
