import type { Logger } from '../platform/logger.js';

/** Whether releases can be loaded here, for the host's log: each reason once, though it is tried every few seconds. */
export class LoadLines {
  readonly #broken = new Map<string, string>();

  constructor(private readonly log: Logger) {}

  /** @param next what comes of it. */
  broken(release: string, why: string, next: string): void {
    if (this.#broken.get(release) === why) return;
    this.#broken.set(release, why);
    this.log.error(
      { release },
      `release ${release} cannot be loaded here: ${why.split('\n', 1)[0]}; ${next}`,
    );
  }

  loaded(release: string): void {
    if (this.#broken.delete(release)) this.log.warn({ release }, `release ${release} can be loaded again`);
  }
}
