import type { Window } from '../../src/model/window.js';
import { isOver } from '../../src/model/window-defaults.js';
import { memoryControlPlane } from '../support/memory-control-plane.js';
import { MemoryRedis, type StoreBug } from '../support/memory-redis.js';
import { sampleIntent, T0 } from '../support/window-samples.js';
import { taskRunner } from './executor.js';
import { calm, plotFaults } from './faults.js';
import { type HostWorld, SimulatedHost } from './host.js';
import { Monitor } from './monitor.js';
import { operate } from './operator.js';
import { type Network, Process } from './process.js';
import { Random } from './random.js';
import type { Release } from './releases.js';
import { Runs } from './runs.js';
import { Scheduler } from './scheduler.js';
import { type Server, startServer } from './server.js';
import { APP, type Story } from './story.js';
import { Violation } from './violation.js';

/** What was seen of a story. */
export interface Told {
  window: Window;
  violation: Violation | null;
  /** Acts on Redis by servers, in order. */
  acts: number;
  /** The last of what happened. */
  trace: string[];
  runs: Runs;
}

/** No story goes on for longer, ms. */
const LAST_MS = 90_000;
const KEPT_LINES = 120;
/** What is read once a second and changes nothing is not worth a line. */
const IDLE =
  /: (sweep: (time|holds|apps|intent)|flags: (ours|holds|paused)|claim: (apps|intent)|look|open windows|tell|lease: acquire|window win)/;
/** Once the window is over, so long for everything to settle. */
const SETTLE_MS = 2_500;

export interface Options {
  bugs?: StoreBug[];
  /** Called before each act of a server on Redis. @returns `false`: it does not happen, or not now. */
  onAct?: (act: { world: World; process: Process; name: string; index: number }) => boolean;
  /** Called after each act, whoever did it. */
  afterAct?: (world: World) => void;
  keepTrace?: boolean;
}

/** Redis, servers, hosts, runs and people, all in one thread and one clock. */
export class World implements HostWorld {
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly redis: MemoryRedis;
  readonly runs: Runs;
  readonly releases: Record<string, Release>;
  readonly network: Network;
  readonly servers: Server[] = [];
  readonly hosts: SimulatedHost[] = [];
  readonly monitor: Monitor;
  /** The clock of Redis beside the true one, ms. */
  skewMs = 0;
  /** Share of the wake-ups that come not at all, and twice. */
  wakes = { lost: 0.02, twice: 0.02 };
  /** Nothing goes wrong any more. */
  isCalm = false;
  trace: string[] = [];
  #acts = 0;
  #made = 0;
  #touched = false;

  constructor(
    readonly story: Story,
    readonly options: Options = {},
  ) {
    const bugs = new Set(options.bugs);
    const now = () => Math.floor(T0 + this.scheduler.now + this.skewMs);
    this.random = new Random(story.seed + 1);
    this.monitor = new Monitor(this);
    this.redis = this.monitor.control.watch(new MemoryRedis(now, bugs));
    this.runs = new Runs(now, bugs, (run, fence, state) => this.monitor.runs.onSave(run, fence, state));
    this.releases = story.releases as unknown as Record<string, Release>;
    this.network = {
      away: false,
      trouble: 'none',
      onAct: (name, process) => {
        this.say(`${process.name}: ${name}`);
        return options.onAct?.({ world: this, process, name, index: this.#acts++ }) ?? true;
      },
    };
    this.redis.putIntent(
      sampleIntent({ app: APP, revision: 1, term: 1, window: null, standby: null, proofRound: 0 }),
    );
    for (const run of story.runs) this.runs.add(run);
    for (let i = 0; i < story.hosts; i++) this.join();
    for (let i = 0; i < story.servers; i++) this.serve();
    // Hosts have been there for a while when the window is declared.
    this.scheduler.in(500, 'declared', () => void this.redis.createWindow(story.window));
    operate(this);
    plotFaults(this);
  }

  get window(): Window {
    return this.redis.window(this.story.window.id) ?? this.story.window;
  }

  onUnreadable: HostWorld['onUnreadable'] = (...met) => this.monitor.runs.onUnreadable(...met);
  onStart: HostWorld['onStart'] = (...started) => this.monitor.runs.onStart(...started);

  isAway = (): boolean => this.network.away;

  say(line: string): void {
    if (this.options.keepTrace !== true || IDLE.test(line)) return;
    const { phase } = this.window;
    this.trace.push(`${this.scheduler.now.toFixed(1).padStart(9)}  ${phase.padEnd(9)} ${line}`);
    if (this.trace.length > KEPT_LINES * 2) this.trace.splice(0, KEPT_LINES);
  }

  join(): SimulatedHost {
    const host = new SimulatedHost(`host-${++this.#made}`, this);
    this.hosts.push(host);
    this.redis.listeners.add(() => this.#ring(() => host.wake()));
    return host;
  }

  serve(): Server {
    const name = `srv-${++this.#made}`;
    const process = new Process(name, this.scheduler, this.random, this.network, () => {
      this.#touched = true;
    });
    const tasks = taskRunner(process, this.redis, {
      behaviours: this.story.behaviours,
      onBegin: (of, deed) => {
        this.say(`${name}: does ${of.task}, try ${of.attempt}`);
        this.monitor.runs.onTry(of, deed);
      },
    });
    const ring = (to: Process, onWake: () => void) => this.#ring(() => to.deliver(onWake));
    const server = startServer(
      process,
      this.redis,
      tasks,
      ring,
      event => {
        this.say(`${name}: ${event.from} → ${event.window.phase}: ${event.because}`);
      },
      () => {
        process.kill();
        this.scheduler.in(300, 'started again', () => void this.serve());
      },
    );
    this.servers.push(server);
    return server;
  }

  /** What every host does once a second, too. */
  sweep(): void {
    this.#touched = true;
    void memoryControlPlane(this.redis).sweep();
  }

  #ring(wake: () => void): void {
    const { random, scheduler, wakes } = this;
    if (this.network.away) return;
    const times = random.chance(wakes.lost) ? 0 : random.chance(wakes.twice) ? 2 : 1;
    for (let i = 0; i < times; i++) scheduler.in(random.next() * 4, 'wake-up', wake);
  }

  leader(): Server | undefined {
    const { owner } = this.redis.lease;
    return this.servers.find(({ process }) => process.name === owner && process.state !== 'dead');
  }

  /** Tells the story to its end. */
  async tell(): Promise<Told> {
    let violation: Violation | null = null;
    try {
      await this.#toTheEnd();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error;
    }
    // Nobody goes on behind the next story's back.
    for (const { process } of this.servers) process.kill();
    return {
      window: this.window,
      violation,
      acts: this.#acts,
      trace: this.trace.slice(-KEPT_LINES),
      runs: this.runs,
    };
  }

  async #toTheEnd(): Promise<void> {
    let overSince = Number.POSITIVE_INFINITY;
    for (;;) {
      const what = this.scheduler.next();
      if (what === null || this.scheduler.now > LAST_MS)
        throw new Violation(
          'everything settles',
          `the window is ${this.window.phase} after ${LAST_MS} ms; ${this.monitor.unsettled()}`,
        );
      if (this.#touched) {
        this.#touched = false;
        await new Promise(setImmediate);
      }
      this.monitor.check();
      this.options.afterAct?.(this);
      if (!isOver(this.window)) overSince = Number.POSITIVE_INFINITY;
      else overSince = Math.min(overSince, this.scheduler.now);
      const overMs = this.scheduler.now - overSince;
      // What would go wrong after its end does not matter to the window.
      if (overMs > SETTLE_MS / 2) calm(this);
      if (this.isCalm && overMs > SETTLE_MS && this.monitor.isSettled()) return;
    }
  }
}
