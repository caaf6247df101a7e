import type { Intent } from '../../src/model/intent.js';
import type { Choice, Window } from '../../src/model/window.js';
import { isOver } from '../../src/model/window-defaults.js';
import type { Try } from '../../src/window/tasks/try.js';
import type { MemoryRedis } from '../support/memory-redis.js';
import type { Deed } from './executor.js';
import type { SimulatedHost } from './host.js';
import type { Release, State } from './releases.js';
import type { Run } from './runs.js';
import { APP } from './story.js';
import { Violation } from './violation.js';
import type { World } from './world.js';

/** What is overdue may be so for so long while everything works: the sweeps of a second, a lease, and what goes on then. */
const GRACE_MS = 7_000;
/** A hook that has begun at the end of a window is waited for. */
const END_GRACE_MS = 20_000;

/**
 * Looks after each act whether what the design promises still holds. It keeps a record of its own, which no fault touches: what Redis has lost is not lost here,
 * save where the promise is bounded by that loss.
 */
export class Monitor {
  #found: Violation | null = null;
  #highestRevision = 1;
  #highestTerm = 1;
  readonly #fences = new Map<string, number>();
  /** Since when there has been somebody to sweep, and somebody to lead. */
  #sweptSince = 0;
  #ledSince = 0;
  readonly #overdue = new Map<string, number>();
  /** Redis has lost writes, or its clock has jumped: what rests on either is not asked any more. */
  #hasLost = false;
  #hasJumped = false;
  #hasHostFailed = false;
  readonly #deeds: Deed[] = [];
  readonly #retries = new Map<string, number>();

  constructor(private readonly world: World) {}

  #must(holds: boolean, invariant: string, detail: () => string): void {
    if (!holds) this.#found ??= new Violation(invariant, detail());
  }

  /** Stands between all writers and Redis. */
  watch(redis: MemoryRedis): MemoryRedis {
    const { advance, updateWindow, openGate, claimIntent } = redis;
    redis.advance = (holder, change) => {
      const before = redis.window(change.window.id);
      const { lease } = redis;
      const intent = redis.intent(APP);
      const answer = advance.call(redis, holder, change);
      if (answer !== 'written') return answer;
      const holds = lease.owner === holder.owner && lease.term === holder.term && lease.until > redis.now();
      this.#must(
        holds,
        'only the holder of the lease writes',
        () => `${holder.owner} (${holder.term}) wrote`,
      );
      this.#onWindow(before, redis.window(change.window.id)!);
      this.#onIntent(intent, redis.intent(APP));
      return answer;
    };
    redis.updateWindow = (seen, next, event) => {
      const before = redis.window(next.id);
      const written = updateWindow.call(redis, seen, next, event);
      if (written) this.#onWindow(before, redis.window(next.id)!);
      return written;
    };
    redis.openGate = seen => {
      const intent = redis.intent(APP);
      const opened = openGate.call(redis, seen);
      this.#onIntent(intent, redis.intent(APP));
      return opened;
    };
    redis.claimIntent = (holder, seen) => {
      const intent = redis.intent(APP);
      const claimed = claimIntent.call(redis, holder, seen);
      this.#onIntent(intent, redis.intent(APP));
      return claimed;
    };
    return redis;
  }

  #onWindow(before: Window | null, after: Window): void {
    this.#must(
      before === null || after.version === before.version + 1,
      'a write of a window rests on the last one',
      () => `version ${before!.version} became ${after.version}: what was asked in between is lost`,
    );
    const moving = after.moved.length - (before?.moved.length ?? 0);
    this.#must(
      after.rolling === null || after.rollback !== null || moving <= after.rolling.batch,
      'hosts go over batch after batch',
      () => `${moving} hosts at once, and ${after.rolling!.batch} were asked for`,
    );
  }

  /** No number comes twice, whatever Redis has forgotten: hosts keep what they have seen. */
  #onIntent(before: Intent | null, after: Intent | null): void {
    if (after === null || after === before || this.#hasJumped) return;
    const { revision, term } = after;
    this.#must(
      revision > this.#highestRevision,
      'revisions rise',
      () => `${revision} after ${this.#highestRevision}`,
    );
    this.#must(term >= this.#highestTerm, 'terms rise', () => `${term} after ${this.#highestTerm}`);
    this.#highestRevision = Math.max(revision, this.#highestRevision);
    this.#highestTerm = Math.max(term, this.#highestTerm);
  }

  /** A hook that may have been done is not begun again, unless it bears that or a person wants it. */
  onTry({ task, kind, name, attempt }: Try, deed: Deed): void {
    const before = this.#deeds.filter(each => each.task === task && each.acted !== false);
    const retries = this.#retries.get(name) ?? 0;
    const { hooks } = this.world.story.window;
    const mayRepeat = kind === 'probe' || hooks.find(hook => hook.name === name)!.idempotent;
    this.#must(
      mayRepeat || before.length <= retries || this.#hasLost,
      'a hook of which nobody knows is not begun again',
      () => `${name} was begun as try ${attempt}, and ${before.length} times before`,
    );
    this.#deeds.push(deed);
  }

  onChoice(task: string | null, choice: Choice): void {
    if (task && choice === 'retry') this.#retries.set(task, (this.#retries.get(task) ?? 0) + 1);
  }

  onTrouble(kind: string): void {
    if (kind === 'the clock jumps') this.#hasJumped = true;
    if (kind.startsWith('host is')) this.#hasHostFailed = true;
    if (kind === 'Redis is back as it was') {
      this.#hasLost = true;
      this.#fences.clear();
    }
  }

  onSave(run: Run, fence: number, state: State): void {
    const highest = this.#fences.get(run.id) ?? 0;
    this.#must(
      fence >= highest,
      'one committer a run',
      () => `${run.id}: fence ${fence} wrote after ${highest}`,
    );
    const isOnward =
      run.state === null ||
      // The way back, where a job repeats what it cannot bring down.
      state.version < run.state.version ||
      state.done >= run.state.done;
    this.#must(
      isOnward || this.#hasLost,
      'a checkpoint never goes back',
      () => `${run.id}: ${state.done} after ${run.state!.done}`,
    );
    this.#fences.set(run.id, Math.max(highest, fence));
  }

  onUnreadable(run: Run, release: Release, host: SimulatedHost): void {
    // Side by side nothing stands still, so what a host saved before it fell silent is met by the new release unproven: then it is set aside.
    const isLeftOver = this.world.story.window.strategy !== 'window' && this.#hasHostFailed;
    this.#must(
      this.#hasLost || isLeftOver,
      'a run goes on only in code that reads its state',
      () => `${run.id} (${JSON.stringify(run.state)}) met ${release.name} on ${host.id}`,
    );
  }

  onStart(run: Run, release: Release, host: SimulatedHost): void {
    const { seen } = host;
    const { share, moved } = seen!;
    const isSideBySide = share > 0 || moved.length > 0;
    this.#must(
      seen!.gate === 'open' && (release.name === seen!.release || isSideBySide),
      'only admitted releases start runs',
      () => `${run.id} started on ${release.name} at ${host.id}, whose intent names ${seen!.release}`,
    );
  }

  /** After each act. */
  check(): void {
    this.#checkWhoIsThere();
    this.#checkGate();
    this.#checkOneRelease();
    this.#checkEnd();
    if (this.#found) throw this.#found;
  }

  #checkWhoIsThere(): void {
    const { hosts, servers, network, scheduler } = this.world;
    const isServing = !network.away && network.trouble === 'none';
    const isLed = isServing && servers.some(({ process }) => process.state === 'running' && !process.isCut);
    const isSwept = isServing && (isLed || hosts.some(host => host.isActive && !host.isCut));
    if (!isLed) this.#ledSince = scheduler.now;
    if (!isSwept) this.#sweptSince = scheduler.now;
  }

  /** Paused means: somebody has paused it, for a reason, until a time. */
  #checkGate(): void {
    const { redis, window } = this.world;
    const intent = redis.intent(APP)!;
    const now = redis.now();
    const until = this.#time(intent.until);
    this.#must(intent.gate === 'open' || !Number.isNaN(until), 'a closed gate has an end', () =>
      JSON.stringify(intent),
    );
    this.#late('a gate opens when its time is over', intent.gate === 'closed' && until <= now, GRACE_MS);
    let isHeld = false;
    for (const hold of redis.holds()) {
      isHeld = true;
      const end = this.#time(hold.until);
      this.#must(!Number.isNaN(end), 'a hold has an end', () => JSON.stringify(hold));
      this.#late(`hold ${hold.id} ends in time`, end <= now, GRACE_MS);
      this.#late(
        `hold ${hold.id} has a living owner`,
        hold.owner !== 'ann' && isOver(window),
        GRACE_MS,
        this.#ledSince,
      );
    }
    this.#late('no queue is paused without a hold', !isHeld && redis.isPaused('reports'), GRACE_MS);
    this.#must(
      window.strategy === 'window' || window.rollback !== null || intent.gate === 'open' || isOver(window),
      'side by side nothing stops',
      () => `the gate is closed in ${window.phase}`,
    );
  }

  #checkOneRelease(): void {
    const { story, window, hosts, runs, redis } = this.world;
    if (story.window.strategy !== 'window' || this.#hasLost || this.#hasJumped) return;
    if (window.rollback && window.forced) return;
    let first: string | null = null;
    for (const host of hosts) {
      if (host.state !== 'running') continue;
      for (const { worker, id, token } of host.held.computing()) {
        const run = runs.get(id);
        if (run.token !== token || run.lockedUntil <= redis.now()) continue;
        first ??= worker.release.name;
        this.#must(
          first === worker.release.name,
          'one release computes at a time',
          () => `${first} and ${worker.release.name} (${id} at ${host.id})`,
        );
      }
    }
  }

  #checkEnd(): void {
    const { window, redis } = this.world;
    const end =
      window.endsBy === null ? this.#time(window.startsAt) + window.maxDurationMs : this.#time(window.endsBy);
    this.#late(
      'every window ends by its end time, or is held',
      window.phase !== 'done' && end <= redis.now(),
      END_GRACE_MS,
    );
  }

  readonly #times = new Map<string, number>();
  /** What is asked after each act is worked out once. */
  #time(text: string | null): number {
    if (text === null) return Number.NaN;
    const time = this.#times.get(text) ?? Date.parse(text);
    this.#times.set(text, time);
    return time;
  }

  /** Whether this is so for longer than it may be, while nothing is wrong. */
  #late(invariant: string, is: boolean, graceMs: number, quietSince = this.#sweptSince): void {
    const { now } = this.world.scheduler;
    if (!is) {
      if (this.#overdue.size > 0) this.#overdue.delete(invariant);
      return;
    }
    const since = this.#overdue.get(invariant);
    if (since === undefined) return void this.#overdue.set(invariant, now);
    this.#must(
      now - Math.max(since, quietSince) < graceMs,
      invariant,
      () => `not so since ${Math.round(since)} ms`,
    );
  }

  /** Over, and everything is as the outcome says. @throws Violation */
  isSettled(): boolean {
    const { window, redis } = this.world;
    const { outcome } = window;
    const wanted = outcome === 'completed' ? ['new'] : outcome === 'held' ? ['old', 'new'] : ['old'];
    const intent = redis.intent(APP)!;
    this.#must(intent.gate === 'open' && intent.standby === null, 'at its end intake is open', () =>
      JSON.stringify(intent),
    );
    this.#must(
      wanted.includes(intent.release!),
      'its outcome says which release runs',
      () => `${outcome}, and ${intent.release} runs`,
    );
    this.#must(
      redis.holds().every(hold => hold.owner === 'ann'),
      'at its end no hold of it is left',
      () => JSON.stringify(redis.holds()),
    );
    this.#must(window.summary !== null, 'its end is told', () => JSON.stringify(window));
    if (this.#found) throw this.#found;
    return this.unsettled() === null;
  }

  /** Who is not yet where the end of the window wants him; `null`: all are. */
  unsettled(): string | null {
    const { hosts, releases, redis, runs } = this.world;
    const release = redis.intent(APP)!.release!;
    const alive = hosts.filter(host => host.isActive && !host.isLeaving);
    const late = alive.find(host => host.release?.name !== release);
    if (late && releases[release]!.loads) return `${late.id} runs ${late.release?.name}`;
    if (alive.length === 0) return null;
    const left = runs.all().filter(run => run.ended === null);
    this.#seen ??= new Map(left.map(run => [run.id, run.state?.done ?? -1]));
    const stuck = left.find(
      run => (run.state?.done ?? -1) <= (this.#seen!.get(run.id) ?? -2) && run.failures + run.crashes === 0,
    );
    return stuck ? `this run does not get on: ${JSON.stringify(stuck)}` : null;
  }

  #seen: Map<string, number> | null = null;
}
