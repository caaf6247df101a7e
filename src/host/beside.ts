import type { Intent } from '../model/intent.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import type { LocalRelease } from './local-release.js';

export interface BesideOptions {
  host: string;
  trouble: TroubleWatch;
  fetch(release: string): Promise<LocalRelease>;
  /** The release that is loaded beside the running one. */
  standby(): LocalRelease | null;
}

/** A release that may have to go on with what begins now on another. */
export interface BesideRelease {
  release: string;
  /** Whether it has this job, or workflow. */
  has(kind: 'job' | 'workflow', name: string): boolean;
}

/** Which other release may have to go on with what begins now: a window is about to change them, or hosts run both. */
export class Beside {
  /** Ran here before the one that does now. */
  #former: LocalRelease | null = null;
  #fetched: LocalRelease | null = null;
  #fetching: string | null = null;

  constructor(private readonly options: BesideOptions) {}

  /** This one does not run here any more. */
  ran(local: LocalRelease | null): void {
    this.#former = local;
  }

  /** @param intent for all hosts. @returns `null`: there is none. */
  of(intent: Intent): BesideRelease | null {
    const { moved, share, standby, proofRound } = intent;
    const ahead = moved.includes(this.options.host);
    const wanted = ahead ? intent.release : standby;
    if (wanted === null) return null;
    const both = moved.length > 0 || share > 0;
    // While a new release is watched the former one is only kept loaded: a rollback asks no runs whether they fit.
    if (!both && proofRound === 0 && wanted === this.#former?.release) return null;
    const known = [this.options.standby(), this.#former, this.#fetched].find(
      local => local?.release === wanted,
    );
    if (known) return of(known);
    if (ahead) this.#fetch(wanted);
    // Before it has begun to be loaded here nothing has been proven.
    return both ? { release: wanted, has: () => false } : null;
  }

  /** This host has started while others ran both. */
  #fetch(release: string): void {
    if (this.#fetching !== null) return;
    this.#fetching = release;
    const { fetch, trouble } = this.options;
    fetch(release)
      .then(
        local => {
          this.#fetched = local;
        },
        error => trouble.failed(error, `release ${release} could not be fetched; it is tried again`),
      )
      .finally(() => {
        this.#fetching = null;
      });
  }
}

function of({ release, jobs, workflows }: LocalRelease): BesideRelease {
  return {
    release,
    has: (kind, name) => (kind === 'job' ? jobs : workflows).some(each => each.name === name),
  };
}
