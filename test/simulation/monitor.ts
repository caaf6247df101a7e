import { isOver } from '../../src/model/window-defaults.js';
import { Findings } from './findings.js';
import { APP } from './story.js';
import { ControlWatch } from './watch-control.js';
import { RunWatch } from './watch-runs.js';
import type { World } from './world.js';

/** What is overdue may be so for so long while everything works: the sweeps of a second, a lease, and what goes on then. */
const GRACE_MS = 7_000;
/** A hook that has begun at the end of a window is waited for. */
const END_GRACE_MS = 20_000;

/** Looks after each act whether what the design promises still holds. */
export class Monitor {
  readonly findings = new Findings();
  readonly control = new ControlWatch(this.findings);
  readonly runs: RunWatch;
  /** Since when there has been somebody to sweep, and somebody to lead. */
  #sweptSince = 0;
  #ledSince = 0;
  readonly #overdue = new Map<string, number>();

  constructor(private readonly world: World) {
    this.runs = new RunWatch(world.story, this.findings);
  }

  onTrouble(kind: string): void {
    this.findings.onTrouble(kind);
    if (kind === 'Redis is back as it was') this.runs.onLoss();
  }

  /** After each act. */
  check(): void {
    this.#checkWhoIsThere();
    this.#checkGate();
    this.#checkOneRelease();
    this.#checkEnd();
    if (this.findings.found) throw this.findings.found;
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
    const stops = intent.gate === 'closed' || intent.drain;
    this.findings.must(!stops || !Number.isNaN(until), 'what stops runs has an end', () =>
      JSON.stringify(intent),
    );
    this.#late('runs go on when its time is over', stops && until <= now, GRACE_MS);
    let isHeld = false;
    for (const hold of redis.holds()) {
      isHeld = true;
      const end = this.#time(hold.until);
      this.findings.must(!Number.isNaN(end), 'a hold has an end', () => JSON.stringify(hold));
      this.#late(`hold ${hold.id} ends in time`, end <= now, GRACE_MS);
      this.#late(
        `hold ${hold.id} has a living owner`,
        hold.owner !== 'ann' && isOver(window),
        GRACE_MS,
        this.#ledSince,
      );
    }
    this.#late('no queue is paused without a hold', !isHeld && redis.isPaused('reports'), GRACE_MS);
    this.findings.must(
      window.strategy === 'window' || window.rollback !== null || intent.gate === 'open' || isOver(window),
      'side by side nothing stops',
      () => `the gate is closed in ${window.phase}`,
    );
  }

  #checkOneRelease(): void {
    const { story, window, hosts, runs, redis } = this.world;
    if (story.window.strategy !== 'window' || this.findings.hasLost || this.findings.hasJumped) return;
    if (window.rollback && window.forced) return;
    let first: string | null = null;
    for (const host of hosts) {
      if (host.state !== 'running') continue;
      for (const { worker, id, token } of host.held.computing()) {
        const run = runs.get(id);
        if (run.token !== token || run.lockedUntil <= redis.now()) continue;
        first ??= worker.release.name;
        this.findings.must(
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
      this.#ledSince,
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
    this.findings.must(
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
    this.findings.must(intent.gate === 'open' && intent.standby === null, 'at its end intake is open', () =>
      JSON.stringify(intent),
    );
    this.findings.must(
      wanted.includes(intent.release!),
      'its outcome says which release runs',
      () => `${outcome}, and ${intent.release} runs`,
    );
    this.findings.must(
      redis.holds().every(hold => hold.owner === 'ann'),
      'at its end no hold of it is left',
      () => JSON.stringify(redis.holds()),
    );
    this.findings.must(window.summary !== null, 'its end is told', () => JSON.stringify(window));
    if (this.findings.found) throw this.findings.found;
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
