import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Window } from '../../src/model/window.js';
import { APP, Refused } from './fleet.js';
import { type FollowOptions, type WindowFate, WindowFollower } from './follow-window.js';
import { type Folder, GOOD, HOOK, type PlannedWindow } from './plan-windows.js';
import type { CampaignRedis } from './redis.js';

const HOOK_PROGRAM = fileURLToPath(new URL('./hook.mjs', import.meta.url));

export interface WindowsOptions extends FollowOptions {
  redis: CampaignRedis;
  /** Where hooks note that they were begun. */
  hooksFile: string;
  releases: Record<Folder, string>;
}

/** Declares windows, one after another, and sees each to its end. */
export class Windows {
  readonly fates: WindowFate[] = [];
  /** The release that runs. */
  current: Folder = 'v1';

  constructor(private readonly options: WindowsOptions) {}

  async follow(plan: Iterable<PlannedWindow>, signal: AbortSignal): Promise<void> {
    for (const planned of plan) {
      if (signal.aborted) return;
      await this.one(planned, signal);
      await wait(planned.restMs, undefined, { signal }).catch(() => {});
    }
  }

  /** @param signal ends the waiting for one that cannot be declared. @returns null: it was not. */
  async one(planned: PlannedWindow, signal: AbortSignal): Promise<WindowFate | null> {
    const { events } = this.options;
    const release = this.#releaseOf(planned);
    const window = await this.#declare(planned, release, signal);
    if (!window) return null;
    const fate: WindowFate = {
      id: window.id,
      release,
      strategy: window.strategy,
      outcome: null,
      unended: false,
      held: [],
      retried: false,
      hooks: window.hooks.map(({ name, idempotent }) => ({ name, idempotent })),
    };
    this.fates.push(fate);
    events.say(`window ${window.id}: ${this.current} → ${release}, ${describe(planned, window)}`);
    const ended = await new WindowFollower(this.options, planned, fate).untilEnd(window);
    fate.outcome = ended?.outcome ?? null;
    fate.unended = ended === null;
    if (ended) this.current = this.#runsAfter(ended);
    events.say(`window ${window.id}: ${ended ? `${ended.outcome}: ${ended.summary}` : '!! NOT ENDED'}`);
    return fate;
  }

  #releaseOf({ release }: PlannedWindow): Folder {
    const other = GOOD.find(name => name !== this.current)!;
    return release === 'good' || release === this.current ? other : release;
  }

  #runsAfter({ outcome, routedAt, rollback, release, previousRelease }: Window): Folder {
    const { releases } = this.options;
    const wentOver = outcome === 'completed' || (outcome === 'held' && routedAt !== null && !rollback);
    const id = wentOver ? release : previousRelease;
    return (Object.keys(releases) as Folder[]).find(folder => releases[folder] === id)!;
  }

  async #declare({ fields }: PlannedWindow, release: Folder, signal: AbortSignal): Promise<Window | null> {
    const { fleet, redis, events, releases } = this.options;
    const body = {
      release: releases[release],
      app: APP,
      reason: 'campaign',
      ...this.#withHookProgram(fields),
    };
    const key = `window-${this.fates.length}-${Date.now()}`;
    let last = '';
    while (!signal.aborted) {
      try {
        return await redis.surely(() => fleet.call<Window>('POST', '/v1/windows', body, key));
      } catch (error) {
        if (error instanceof Refused && error.status === 422) throw error;
        const { message } = error as Error;
        const other = await this.#declaredBefore(message);
        if (other) return other;
        if (message !== last) events.say(`  not declared yet: ${message.slice(0, 200)}`);
        last = message;
      }
      await wait(500, undefined, { signal }).catch(() => {});
    }
    return null;
  }

  /** A server that died before it answered may have declared it: then this one is in its own way. */
  async #declaredBefore(message: string): Promise<Window | null> {
    const id = /window (win-\w+) of app/.exec(message)?.[1];
    if (!id || this.fates.some(fate => fate.id === id)) return null;
    return this.options.fleet.call<Window>('GET', `/v1/windows/${id}`).catch(() => null);
  }

  #withHookProgram(fields: PlannedWindow['fields']): object {
    const program = JSON.stringify([process.execPath, HOOK_PROGRAM, this.options.hooksFile]).slice(1, -1);
    return JSON.parse(JSON.stringify(fields).replaceAll(JSON.stringify(HOOK), program));
  }
}

function describe({ abortAfterMs }: PlannedWindow, window: Window): string {
  const parts = [
    window.strategy,
    `drain ${window.drainTimeoutMs} ms or ${window.onDrainTimeout}`,
    window.hooks.length > 0 && `hooks ${window.hooks.map(({ name }) => name).join(' ')}`,
    window.probes.length > 0 && 'probed',
    window.watch && 'watched',
    abortAfterMs !== null && `aborted after ${abortAfterMs} ms`,
  ];
  return parts.filter(Boolean).join(', ');
}
