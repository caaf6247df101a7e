import type { Clock } from '../platform/clock.js';
import { SlackwaterError } from '../platform/errors.js';
import type { LocalRelease } from './local-release.js';
import type { WorkerProcess } from './worker-process.js';

export interface SpareWorkersOptions {
  clock: Clock;
  fetch(release: string): Promise<LocalRelease>;
  forkWorker(local: LocalRelease): WorkerProcess;
}

/** A loaded worker of a release, without runs. */
export interface Spare {
  readonly process: WorkerProcess;
  /** It is no longer needed here; it stays for a while for whoever comes next. */
  free(): void;
}

interface Kept {
  process: WorkerProcess;
  users: number;
  cancelEnd(): void;
}

/** How long one that nobody needs stays: a rollback asks for it a moment after its proof. */
const STAYS_MS = 30_000;
/** Idle ones make room beyond this many. */
const MOST = 3;
/** Releases whose place on this machine is remembered. */
const MOST_LOCALS = 50;

/** Keeps a memory small that is only there to save a look. */
export function forgetOldest(memory: Map<string, unknown>, most: number): void {
  for (const key of memory.keys()) if (memory.size > most) memory.delete(key);
}

/** Workers that get no runs: the code of a release, for whoever wants to read or change a state by it. One a release, forked when it is first asked for. */
export class SpareWorkers {
  readonly #locals = new Map<string, Promise<LocalRelease>>();
  readonly #kept = new Map<string, Kept>();
  readonly #ending = new Set<Promise<void>>();
  #stopped = false;

  constructor(private readonly options: SpareWorkersOptions) {}

  /** The release on this machine. @throws SlackwaterError where it is kept nowhere any more; what Redis throws where it cannot be asked. */
  local(release: string): Promise<LocalRelease> {
    const known = this.#locals.get(release);
    if (known) return known;
    const fetched = this.options.fetch(release);
    this.#locals.set(release, fetched);
    forgetOldest(this.#locals, MOST_LOCALS);
    fetched.catch(() => this.#locals.delete(release));
    return fetched;
  }

  /** @throws SlackwaterError where the release cannot be had or loaded. */
  async borrow(release: string): Promise<Spare> {
    const local = await this.local(release);
    if (this.#stopped) throw new Error('this host is leaving');
    const present = this.#kept.get(release);
    const kept = present?.process.alive ? present : this.#fork(local);
    kept.users++;
    kept.cancelEnd();
    const loaded = await kept.process.loaded;
    if (!loaded.ok) {
      this.#end(release, kept);
      // Its files may be damaged: the next try looks at them again.
      this.#locals.delete(release);
      throw new SlackwaterError(
        'unavailable',
        `release ${release} could not be loaded: ${loaded.error.message}`,
      );
    }
    let freed = false;
    const free = () => {
      if (!freed) this.#free(release, kept);
      freed = true;
    };
    return { process: kept.process, free };
  }

  #fork(local: LocalRelease): Kept {
    const kept: Kept = { process: this.options.forkWorker(local), users: 0, cancelEnd: () => {} };
    this.#kept.set(local.release, kept);
    for (const [release, other] of this.#kept)
      if (this.#kept.size > MOST && other.users === 0 && other !== kept) this.#end(release, other);
    return kept;
  }

  #free(release: string, kept: Kept): void {
    if (--kept.users === 0 && !this.#stopped)
      kept.cancelEnd = this.options.clock.after(STAYS_MS, () => this.#end(release, kept));
  }

  #end(release: string, kept: Kept): void {
    kept.cancelEnd();
    if (this.#kept.get(release) === kept) this.#kept.delete(release);
    const ending = kept.process.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const [release, kept] of this.#kept) this.#end(release, kept);
    await Promise.all(this.#ending);
  }
}
