import { type Announcement, isInTheWay } from '../model/announcement.js';
import type { JobManifest } from '../model/release.js';
import type { HeldRun } from './held-run.js';
import type { Pace } from './pace.js';

export interface AnnouncedOptions {
  pace: Pace;
  /** ms, clock of Redis. */
  now(): number;
  jobs(): ReadonlyMap<string, JobManifest> | undefined;
  /** So many claims of this queue wait for a window; `null`: there is no window to wait for. */
  onHeldBack(queue: string, claims: number | null): void;
}

/** Not started in vain: from its announcement on, runs wait that a window would find in its way. Others pass them by. */
export class Announced {
  #announcement: Announcement | null = null;
  #heldBack = new Set<HeldRun>();

  constructor(private readonly options: AnnouncedOptions) {}

  follow(announcement: Announcement | null): void {
    const wasAnnounced = this.#announcement !== null;
    this.#announcement = announcement;
    if (!announcement) this.#heldBack.clear();
    for (const run of this.#heldBack) if (run.state !== 'waiting') this.#heldBack.delete(run);
    if (announcement || wasAnnounced) this.#tellAll();
  }

  mayStart(run: HeldRun): boolean {
    const { pace, now, jobs } = this.options;
    if (!this.#announcement) return true;
    const known = {
      hasCheckpoint: jobs()?.get(run.job)?.checkpointVersion != null,
      gapMs: pace.usualGap(run.job),
      endMs: pace.usualEnd(run.job, 0),
    };
    const may = !isInTheWay(known, this.#announcement.from - now());
    if (may) this.#heldBack.delete(run);
    else if (!this.#heldBack.has(run)) {
      this.#heldBack.add(run);
      this.#tell(run.claimed.queue);
    }
    return may;
  }

  #tellAll(): void {
    const queues = [...(this.options.jobs()?.values() ?? [])].map(job => job.queue);
    for (const queue of new Set(queues)) this.#tell(queue);
  }

  #tell(queue: string): void {
    const claims = [...this.#heldBack].filter(run => run.claimed.queue === queue).length;
    this.options.onHeldBack(queue, this.#announcement ? claims : null);
  }
}
