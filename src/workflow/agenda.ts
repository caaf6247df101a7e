import type { RunAddress } from '../model/run.js';
import { memberOf, takeDue } from '../store/agenda.js';
import type { Released } from '../store/workflows/settle.js';
import { advance } from './advance.js';
import type { WorkflowPorts } from './ports.js';

/** Workflow runs that one host advances at once. */
const AT_ONCE = 8;

export interface AgendaOptions {
  ports: WorkflowPorts;
  onError(error: unknown, address: RunAddress): void;
}

/** Moves workflow runs that are due, those that this host knows of first; never the same one twice at a time. */
export class Agenda {
  /** Those that are being advanced. `again`: something has happened since it was looked at. */
  readonly #moving = new Map<string, { again: boolean }>();
  readonly #waiting = new Map<string, { address: RunAddress; released: Released | null }>();
  #looking = false;
  /** There was more than there was room for. */
  #more = false;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(private readonly options: AgendaOptions) {}

  /** There is something to do for this one, as soon as something may be done. @param released where that is all. */
  move(address: RunAddress, released: Released | null = null): void {
    if (this.#stopped) return;
    const name = memberOf(address);
    const moving = this.#moving.get(name);
    if (moving) moving.again = true;
    else this.#waiting.set(name, { address, released: this.#waiting.has(name) ? null : released });
    this.#fill();
  }

  /** Takes what is due, unless nothing may begin now. */
  async look(): Promise<void> {
    const { ports } = this.options;
    this.#fill();
    if (this.#looking || this.#stopped || !ports.release()) return;
    const room = AT_ONCE - this.#moving.size - this.#waiting.size;
    if (room <= 0) {
      this.#more = true;
      return;
    }
    this.#looking = true;
    try {
      const due = await takeDue(ports.store, ports.app, room);
      this.#more = due.length === room;
      for (const address of due) this.move(address);
    } finally {
      this.#looking = false;
    }
  }

  /** Begins nothing more; resolves when what is under way has come to an end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    if (this.#moving.size > 0) await new Promise<void>(resolve => this.#idle.push(resolve));
  }

  #fill(): void {
    if (this.#stopped || !this.options.ports.release()) return;
    for (const [name, { address, released }] of this.#waiting) {
      if (this.#moving.size >= AT_ONCE) return;
      this.#waiting.delete(name);
      void this.#move(name, address, released);
    }
  }

  async #move(name: string, address: RunAddress, released: Released | null): Promise<void> {
    const { ports, onError } = this.options;
    const moving = { again: true };
    this.#moving.set(name, moving);
    for (let known = released; moving.again && !this.#stopped; known = null) {
      moving.again = false;
      await advance(ports, address, known).catch(error => onError(error, address));
    }
    this.#moving.delete(name);
    if (this.#stopped && this.#moving.size === 0) for (const idle of this.#idle.splice(0)) idle();
    // It broke off because nothing may begin now: it goes on as soon as something may.
    if (!ports.release()) this.move(address);
    this.#fill();
    if (this.#more && this.#moving.size < AT_ONCE) this.look().catch(error => onError(error, address));
  }
}
