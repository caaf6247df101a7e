import type { Intent } from '../../../src/model/intent.js';
import type { Window } from '../../../src/model/window.js';
import { readIntent } from '../../../src/store/intents.js';
import { leaseRecord } from '../../../src/store/lease.js';
import type { Store } from '../../../src/store/redis.js';
import { advance, createWindow } from '../../../src/store/windows.js';
import { intentOf } from '../../../src/window/act.js';
import { fitsOf, liveWorkflows } from '../../../src/workflow/live-graphs.js';
import { iso, sampleWindow } from '../../support/window-samples.js';
import type { Host } from './host.js';
import { Violation } from './ledger.js';
import { QUEUE, type Release } from './releases.js';
import type { World } from './world.js';

const HOUR_MS = 3_600_000;
const OWNER = 'srv';
/** Of new runs, of a canary. */
const SHARES = [0.3, 0.8];

/** Who may write intents, in all stories of a store. */
export const lead = (store: Store): Promise<{ term: number }> =>
  leaseRecord(store).acquire(OWNER, HOUR_MS, 0);

/** What a host has told last. */
export interface Report {
  revision: number;
  release: string | null;
  running: number;
  /** Of these, on another release than the host runs. */
  ahead: number;
}

/**
 * The windows of a story: what the engine tells hosts in each phase, by its own rule (`intentOf`) and script, and as slow as chance will have it. It decides what the table
 * decides of this: it waits until every host follows and nothing computes, has graphs proven, calls off and turns back.
 */
export class Deploys {
  #window!: Window;
  #intent!: Intent;
  readonly #heard = new Map<string, Report>();
  /** Releases that may compute now. */
  #permitted = new Set<string>();
  /** Every graph of a live run was proven against the release that runs. */
  #isProven = true;

  constructor(
    private readonly world: World,
    private readonly term: number,
  ) {}

  /** The first release of the story runs. */
  async first(release: Release): Promise<void> {
    await this.#declare({ release: release.id, previousRelease: null });
    await this.#write({ phase: 'done', outcome: 'completed', running: release.id, endsBy: iso(0) });
    this.#permitted = new Set([release.id]);
  }

  get current(): string {
    return this.#intent.release!;
  }

  permits = (release: string): boolean => this.#permitted.has(release);

  /** Two releases run at once. */
  get isSideBySide(): boolean {
    return this.#permitted.size > 1;
  }

  /** No window is under way, and all hosts are where they shall be. */
  get isOver(): boolean {
    return this.#window.phase === 'done' && this.#permitted.size === 1;
  }

  heard(host: string, report: Report): void {
    this.#heard.set(host, report);
  }

  /** A step does not begin for want of another release: where all was proven, none does. */
  unfit(step: string, reason: string): void {
    if (this.isSideBySide) this.world.seen.waited.add(step);
    if (this.#isProven) throw new Violation(`step ${step} does not fit a release that was proven: ${reason}`);
  }

  /** A run that had ended when releases were proven goes on. */
  reopened(): void {
    this.#isProven = false;
  }

  async begin(release: string, strategy: Window['strategy']): Promise<void> {
    if (!this.isOver || release === this.current) return;
    await this.#declare({ release, previousRelease: this.current, strategy });
    await this.#write({ phase: 'preparing', running: this.current, endsBy: iso(Date.now() + HOUR_MS) });
  }

  /** The next step, if it is time for it. `calm`: none that turns. */
  async step(calm: boolean): Promise<void> {
    if (this.isOver || !this.#all(({ revision }) => revision >= this.#intent.revision)) return;
    const window = this.#window;
    switch (window.phase) {
      case 'preparing':
        return this.#prepared(window, calm);
      case 'draining':
        return this.#drained(window, calm);
      case 'swapping':
        return window.strategy === 'window' ? this.#swapped() : this.#movedOne(window, calm);
      case 'resuming':
        return this.#resumed(window, calm);
      case 'done':
        if (this.#all(({ release, ahead }) => release === this.current && ahead === 0))
          this.#permitted = new Set([this.current]);
    }
  }

  async #prepared(window: Window, calm: boolean): Promise<void> {
    if (this.#turns(calm)) return this.#callOff('aborted');
    if (!(await this.fits(window.release))) return this.#callOff('refused');
    if (window.strategy === 'window') return this.#write({ phase: 'draining' });
    this.#permitted.add(window.release);
    this.#isProven = false;
    const first =
      window.strategy === 'canary' ? { share: SHARES[0] } : { moved: [this.world.hosts[0]!.name] };
    return this.#write({ phase: 'swapping', ...first });
  }

  async #drained(window: Window, calm: boolean): Promise<void> {
    if (!window.rollback && this.#turns(calm)) return this.#callOff('aborted');
    if (!this.#all(({ running }) => running === 0)) return;
    const target = window.rollback ? window.previousRelease! : window.release;
    // What began since then was proven by its host.
    const fits = await this.fits(target);
    if (!fits && !window.rollback) return this.#callOff('refused');
    this.#isProven = fits;
    this.#permitted = new Set([target]);
    return this.#write({ phase: 'swapping', running: target, routedAt: iso(Date.now()) });
  }

  async #swapped(): Promise<void> {
    if (this.#all(({ release }) => release === this.current)) await this.#write({ phase: 'resuming' });
  }

  /** Host by host, while the others compute. */
  async #movedOne(window: Window, calm: boolean): Promise<void> {
    const { hosts } = this.world;
    const isThere = hosts.every(
      ({ name }) => !window.moved.includes(name) || this.#heard.get(name)?.release === window.release,
    );
    if (!isThere) return;
    if (this.#turns(calm) || !(await this.fits(window.release))) return this.#callOff('aborted');
    const next = hosts.find(({ name }) => !window.moved.includes(name));
    const share = SHARES.find(share => share > window.share);
    if (window.moved.length === 0 && share !== undefined) return this.#write({ share });
    if (next) return this.#write({ moved: [...window.moved, next.name] });
    await this.#write({ phase: 'resuming', running: window.release, moved: [], share: 0 });
    this.#isProven = await this.fits(window.release);
  }

  async #resumed(window: Window, calm: boolean): Promise<void> {
    if (calm || window.rollback || window.strategy !== 'window' || this.world.random.chance(0.6))
      return this.#write({ phase: 'done', outcome: window.rollback ? 'rolled-back' : 'completed' });
    const back = { because: 'it goes wrong', at: iso(Date.now()), from: 'resuming', hadMoved: true } as const;
    return this.#write({ phase: 'draining', rollback: back, routedAt: null });
  }

  #turns = (calm: boolean): boolean => !calm && this.world.random.chance(0.06);

  #callOff(outcome: 'aborted' | 'refused'): Promise<void> {
    return this.#write({ phase: 'done', outcome, running: this.#window.previousRelease });
  }

  /** As the hosts prove it. */
  async fits(release: string): Promise<boolean> {
    const { store } = this.world;
    const next = this.world.releases.get(release)!;
    for await (const runs of liveWorkflows(store, QUEUE))
      for (const run of runs)
        for await (const { refusals } of fitsOf(store, run, next)) if (refusals.length > 0) return false;
    return true;
  }

  /** One that is silent for so long that its record is over is not waited for. */
  #all(holds: (report: Report) => boolean): boolean {
    const there = (host: Host) => !host.isGone;
    return this.world.hosts.filter(there).every(({ name }) => {
      const report = this.#heard.get(name);
      return report !== undefined && holds(report);
    });
  }

  forget(host: string): void {
    this.#heard.delete(host);
  }

  async #declare(change: Partial<Window>): Promise<void> {
    const { app, store } = this.world;
    const now = iso(Date.now());
    const id = `win-${app}-${++this.world.seen.windows}`;
    this.#window = await createWindow(
      store,
      sampleWindow({ id, app, createdAt: now, startsAt: now, ...change }),
    );
  }

  async #write(change: Partial<Window>): Promise<void> {
    const { store, app, actors } = this.world;
    const window = { ...this.#window, ...change };
    const { phase, outcome, moved, share } = window;
    actors.tell(`--- ${window.strategy} to ${window.release}: ${phase} ${outcome ?? ''} ${share} ${moved}`);
    const seenRevision = this.#intent?.revision ?? null;
    const written = await advance(
      store,
      { owner: OWNER, term: this.term },
      { window, seenRevision, intent: intentOf(window)! },
    );
    if (written !== 'written') throw new Error(`the window could not be written: ${written}`);
    this.#window = { ...window, version: window.version + 1 };
    this.#intent = (await readIntent(store, app))!;
    this.world.wake();
  }
}
