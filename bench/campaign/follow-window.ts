import { setTimeout as wait } from 'node:timers/promises';
import type { Window } from '../../src/model/window.js';
import type { Events } from './events.js';
import { type Fleet, Refused } from './fleet.js';
import type { Folder, PlannedWindow } from './plan-windows.js';

/** What became of one window. */
export interface WindowFate {
  id: string;
  release: Folder;
  strategy: string;
  outcome: string | null;
  /** Not over when it should long have been. */
  unended: boolean;
  /** Why it was held, each time. */
  held: string[];
  /** Hooks that were done again because somebody chose so. */
  retried: boolean;
  hooks: { name: string; idempotent: boolean }[];
}

export interface FollowOptions {
  fleet: Fleet;
  events: Events;
  /** Asked for while a sour release is watched: runs whose end tells whether it is any good. */
  taste(): Promise<void>;
  /** Nobody waits for anything any more. */
  interrupted: AbortSignal;
}

/** So long after its end nobody waits for a window any more. */
const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 250;
/** One that is held again and again is let go. */
const CHOICES = 4;

/** Sees one window to its end: the person at the console, who aborts it, and chooses where it is held. */
export class WindowFollower {
  #phase = '';
  #tasted = false;
  #aborted = false;
  #heldSince = '';

  constructor(
    private readonly options: FollowOptions,
    private readonly planned: PlannedWindow,
    private readonly fate: WindowFate,
  ) {}

  /** @returns null when patience ran out, or nobody knows it any more. */
  async untilEnd({ id, maxDurationMs }: Window): Promise<Window | null> {
    const { events, interrupted } = this.options;
    const began = events.now;
    while (events.now - began < maxDurationMs + PATIENCE_MS && !interrupted.aborted) {
      const window = await this.#look(id);
      if (window === 'forgotten') return null;
      if (window?.phase === 'done' && !window.held) return window;
      if (window) await this.#attend(window, events.now - began);
      await wait(LOOK_EVERY_MS);
    }
    return null;
  }

  async #attend(window: Window, sinceMs: number): Promise<void> {
    const { id, phase, held } = window;
    const { abortAfterMs, release } = this.planned;
    if (phase !== this.#phase) this.options.events.say(`  ${id}: ${phase}`);
    this.#phase = phase;
    if (held && held.since !== this.#heldSince && (await this.#choose(window))) this.#heldSince = held.since;
    if (phase === 'watching' && release === 'sour' && !this.#tasted) {
      this.#tasted = true;
      await this.options.taste();
    }
    if (abortAfterMs === null || this.#aborted || sinceMs < abortAfterMs) return;
    this.#aborted = true;
    await this.#ask(`/v1/windows/${id}/abort`, {}, 'abort');
  }

  /** @returns null where nobody answers now. */
  async #look(id: string): Promise<Window | 'forgotten' | null> {
    try {
      return await this.options.fleet.call<Window>('GET', `/v1/windows/${id}`);
    } catch (error) {
      return error instanceof Refused && error.status === 404 ? 'forgotten' : null;
    }
  }

  /** @returns whether it was heard. */
  async #choose({ id, held }: Window): Promise<boolean> {
    const { reason, choices } = held!;
    const { choice } = choices[Math.floor(this.planned.choice * choices.length)]!;
    this.fate.held.push(reason);
    const chosen = this.fate.held.length < CHOICES ? choice : 'release';
    if (chosen === 'retry') this.fate.retried = true;
    return this.#ask(`/v1/windows/${id}/end`, { choice: chosen }, `held (${reason}): ${chosen}`);
  }

  async #ask(path: string, body: object, what: string): Promise<boolean> {
    const { fleet, events } = this.options;
    try {
      await fleet.call('POST', path, body);
      events.say(`  ${what}: asked`);
      return true;
    } catch (error) {
      events.say(`  ${what}: ${(error as Error).message.slice(0, 160)}`);
      return false;
    }
  }
}
