import type { Intent } from '../model/intent.js';
import type { Store } from '../store/redis.js';
import type { HeldRun } from './held-run.js';
import type { Pool } from './pool.js';
import type { Standby } from './standby.js';

/** What the lanes ask of their app on this host. */
export interface LanesApp {
  readonly intent: Intent | null;
  readonly standby: Standby | null;
}

const PARTS = 10_000;

/**
 * Which workers a run may start in. Most start in those of the release that runs. Beside them the standby's workers may compute: a share of the new runs
 * (canary), and the runs of a window's hooks and probes.
 */
export class Lanes {
  #asking = new Set<HeldRun>();

  constructor(
    private readonly app: LanesApp,
    private readonly store: Store,
    private readonly dispatch: () => void,
  ) {}

  /**
   * @param main the workers of the release that runs; `open`: whether runs may start there.
   * @returns `null`: it has to wait.
   */
  route(run: HeldRun, main: Pool | null, open: boolean): Pool | null {
    const wanted = run.claimed.taskRelease;
    // A hook's run is a part of the window: the gate is not for it.
    if (wanted !== null) return main?.release === wanted ? main : this.#ahead(wanted);
    // A workflow run computes nothing, and its steps are asked of the release that runs.
    if (main?.workflows.has(run.job)) return open ? main : null;
    const sharing = this.#sharing();
    if (sharing && main && !main.jobs.has(run.job)) {
      // Only the other release has its job: chance has no say.
      const ahead = this.#ahead(sharing.release);
      if (ahead?.jobs.has(run.job)) return ahead;
    }
    if (sharing && run.lane === null) {
      this.#choose(run, sharing);
      return null;
    }
    if (sharing && run.lane === 'ahead') {
      const ahead = this.#ahead(sharing.release);
      if (!ahead || ahead.jobs.has(run.job)) return ahead;
    }
    return open ? main : null;
  }

  #ahead(release: string): Pool | null {
    const { standby } = this.app;
    return standby?.release === release && standby.state === 'ready' ? standby.pool : null;
  }

  #sharing(): { release: string; share: number } | null {
    const { intent } = this.app;
    return intent?.standby && intent.share > 0 ? { release: intent.standby, share: intent.share } : null;
  }

  /** A run that has started once stays on its release, for its state may be of that; a new one is chosen by its ID, so each try chooses the same. */
  #choose(run: HeldRun, sharing: { release: string; share: number }): void {
    if (this.#asking.has(run)) return;
    this.#asking.add(run);
    const { queue, jobId, runId } = run.claimed;
    const { redis, keys } = this.store;
    redis
      .hget(keys.run(queue, jobId), 'release')
      .then(
        release => {
          const isNew = release === null && partOf(runId) < sharing.share * PARTS;
          run.lane = isNew || release === sharing.release ? 'ahead' : 'main';
        },
        () => {
          run.lane = 'main';
        },
      )
      .finally(() => {
        this.#asking.delete(run);
        this.dispatch();
      });
  }
}

/** 0 to 9,999, evenly spread over IDs (FNV-1a). */
function partOf(runId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < runId.length; i++) hash = Math.imul(hash ^ runId.charCodeAt(i), 0x01000193);
  // The low digits alone are spread less well.
  return ((hash ^ (hash >>> 15)) >>> 0) % PARTS;
}
