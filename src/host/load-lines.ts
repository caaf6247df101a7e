import type { Logger } from '../platform/logger.js';

/** Whether releases can be loaded here, for the host's log: each reason once, though it is tried every few seconds. */
export class LoadLines {
  /** Per release. Reasons may come in turn: a worker finds a file gone, and then it cannot be fetched either. */
  readonly #broken = new Map<string, Set<string>>();

  constructor(private readonly log: Logger) {}

  /** @param next what comes of it. */
  broken(release: string, why: string, next: string): void {
    const told = this.#broken.get(release) ?? new Set();
    if (told.has(why)) return;
    this.#broken.set(release, told.add(why));
    this.log.error(
      { release },
      `release ${release} cannot be loaded here: ${why.split('\n', 1)[0]}; ${next}`,
    );
  }

  loaded(release: string): void {
    if (this.#broken.delete(release)) this.log.warn({ release }, `release ${release} can be loaded again`);
  }
}
