import type { HostAppStatus, ProofStatus, Refusal } from '../../src/model/intent.js';
import type { HostWorld } from './host.js';
import { canRead, type Release } from './releases.js';
import type { Run } from './runs.js';

const LOAD_MS = 150;

/** The next release beside the running one: loaded after a while or never, and what it reads of what is saved. */
export class Standby {
  proof: ProofStatus | null = null;
  readonly refusals: Refusal[] = [];
  readonly #readyAt: number;
  #asked = 0;
  #proveAt = 0;
  #finals: { run: Run; at: number }[] = [];

  constructor(
    readonly release: Release,
    private readonly world: HostWorld,
  ) {
    this.#readyAt = world.scheduler.now + world.random.between(10, LOAD_MS);
  }

  get isReady(): boolean {
    return this.release.loads && this.#readyAt <= this.world.scheduler.now;
  }

  get proving(): number {
    return this.#finals.length;
  }

  /** A round of the proof is asked for: all that is saved. */
  ask(round: number): void {
    if (round <= this.#asked) return;
    this.#asked = round;
    this.#proveAt = this.world.scheduler.now + this.world.random.between(5, 150);
  }

  /** The final state of a run that has come in. */
  askFinal(run: Run): void {
    this.#finals.push({ run, at: this.world.scheduler.now + this.world.random.between(0, 60) });
  }

  /** @returns whether there is something new to report. */
  work(): boolean {
    if (!this.isReady) return false;
    const [all, finals] = [this.#proveAll(), this.#proveFinals()];
    return all || finals;
  }

  #proveAll(): boolean {
    if (this.#asked <= (this.proof?.round ?? 0) || this.world.scheduler.now < this.#proveAt) return false;
    const live = this.world.runs.all().filter(run => run.ended === null && run.state !== null);
    const refusals = live.flatMap(run => this.#refusal(run));
    const counts = { checkpoints: live.length, refused: refusals.length };
    this.proof = { round: this.#asked, done: true, ms: 1, refusals, oneWay: [], ...counts };
    return true;
  }

  #proveFinals(): boolean {
    const due = this.#finals.filter(({ at }) => at <= this.world.scheduler.now);
    this.#finals = this.#finals.filter(final => !due.includes(final));
    this.refusals.push(...due.flatMap(({ run }) => this.#refusal(run)));
    return due.length > 0;
  }

  status(): NonNullable<HostAppStatus['standby']> {
    const isLoading = this.#readyAt > this.world.scheduler.now;
    const { name, loads } = this.release;
    const state = this.isReady ? 'ready' : isLoading ? 'loading' : 'broken';
    return { release: name, state, error: loads ? null : 'it does not load' };
  }

  #refusal(run: Run): Refusal[] {
    if (canRead(this.release, run.state)) return [];
    const versions = { from: run.state!.version, to: this.release.version, direction: 'up' } as const;
    return [
      {
        run: run.id,
        job: 'invoice',
        queue: 'reports',
        ...versions,
        path: '/done',
        message: 'cannot be read',
      },
    ];
  }
}
