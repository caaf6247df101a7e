import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { HostAppStatus, Intent } from '../../src/model/intent.js';
import type { Request, Window } from '../../src/model/window.js';
import { extended, whyNot } from '../../src/model/window-requests.js';
import { holdOf, intentOf, stands } from '../../src/window/act.js';
import { decide } from '../../src/window/decide.js';
import { LIMITS } from '../../src/window/facts.js';
import { iso, sampleHost, sampleProof, sampleWindow, T0 } from '../support/window-samples.js';

/** What may happen between two moments, in any order. `host` picks one of those alive. */
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('host' as const), host: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 9_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), runs: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), host: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), host: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deafen' as const), host: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      kind: fc.constantFrom('start' as const, 'cancel' as const, 'abort' as const, 'extend' as const),
    }),
  },
  // A Redis that comes back with what was written a moment ago: the last step of the engine never happened.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
);

interface SimulatedHost {
  id: string;
  leaving: boolean;
  /** Its record is renewed, and it does nothing any more. */
  deaf: boolean;
  runs: number;
  slow: boolean;
  waiting: number;
  status: HostAppStatus | null;
}

/** Shorter than the window, so that force meets its own end too. */
const limits = { ...LIMITS, forceMs: 8_000 };

/** Redis, hosts and an engine in memory. The engine keeps nothing of its own, so each look may be that of another server. */
class World {
  now = T0;
  window: Window;
  intent: Intent;
  hosts: SimulatedHost[] = [];
  #joined = 0;
  #before: { window: Window; intent: Intent } | null = null;

  constructor(
    onDrainTimeout: 'abort' | 'force',
    runs: number[],
    readonly slow: boolean,
    /** When the first host goes deaf. */
    readonly deafAt: 'never' | 'drain' | 'swap',
  ) {
    this.window = sampleWindow({ onDrainTimeout, drainTimeoutMs: 20_000, maxDurationMs: 45_000 });
    const rest = {
      gate: 'open' as const,
      drain: false,
      force: false,
      arriveAt: null,
      moved: [] as string[],
      share: 0,
      proofRound: 0,
      until: null,
    } satisfies Partial<Intent>;
    this.intent = {
      app: 'billing',
      revision: 1,
      term: 1,
      window: null,
      release: 'old',
      standby: null,
      ...rest,
    };
    for (const count of runs) this.join(count);
  }

  look(): void {
    for (let step = 0; step < 20; step++) {
      const hosts = this.hosts.map(host => sampleHost(host.id, host.status, { leaving: host.leaving }));
      const decision = decide(this.window, { intent: this.intent, hosts, busy: null }, this.now, limits);
      if (decision) this.#write(decision.window);
      else if (!stands(this.window, this.intent, this.#holds())) this.#write(this.window);
      else return;
    }
    throw new Error('the engine goes round in circles');
  }

  #write(window: Window): void {
    if (window.phase === 'swapping' && this.window.phase === 'draining') this.#checkSwap();
    this.#before = { window: this.window, intent: this.intent };
    this.window = { ...window, version: window.version + 1 };
    const intent = intentOf(this.window);
    if (intent) this.intent = { ...intent, revision: this.#revision(), term: 1 };
  }

  /** The clock is part of it, as in Redis: one that was forgotten does not come again. */
  #revision = () => (this.#last = Math.max(this.#last + 1, this.intent.revision + 1));
  #last = 1;

  #holds() {
    const hold = holdOf(this.window);
    return hold && this.intent.gate === 'closed' ? [{ ...hold, until: this.intent.until! }] : [];
  }

  #checkSwap(): void {
    expect(this.hosts.filter(host => host.runs > 0).map(host => host.id)).toEqual([]);
  }

  /** A host looks at the intent and gets on a little. */
  host(host: SimulatedHost | undefined): void {
    if (!host) return;
    const { intent } = this;
    const stage = intent.drain ? 'drain' : intent.release === 'new' ? 'swap' : 'never';
    if (host.id === 'host-1' && this.deafAt !== 'never' && stage === this.deafAt) host.deaf = true;
    if (host.deaf) return;
    if (intent.gate === 'open' && host.waiting > 0) [host.runs, host.waiting] = [host.waiting, 0];
    if (host.leaving) host.runs = 0;
    if (intent.drain && host.runs > 0 && (!host.slow || intent.force)) {
      host.runs--;
      host.waiting++;
    }
    const old = host.status?.release ?? null;
    host.status = {
      revision: intent.revision,
      release: host.runs > 0 && old !== null ? old : intent.release,
      standby: intent.standby === null ? null : { release: intent.standby, state: 'ready', error: null },
      gate: intent.gate,
      running: host.runs,
      waiting: host.waiting,
      resuming: 0,
      blockers: [],
      refusals: [],
      proving: 0,
      proof: intent.proofRound > 0 ? sampleProof({ round: intent.proofRound }) : null,
      tally: null,
    };
  }

  join(runs: number): void {
    const id = `host-${++this.#joined}`;
    this.hosts.push({
      id,
      leaving: false,
      deaf: false,
      runs: 0,
      slow: this.slow,
      waiting: runs,
      status: null,
    });
  }

  sweep(): void {
    const { intent } = this;
    if (intent.gate === 'open' || intent.until === null || Date.parse(intent.until) > this.now) return;
    const opened = {
      gate: 'open',
      drain: false,
      force: false,
      standby: null,
      proofRound: 0,
      until: null,
    } as const;
    this.intent = { ...intent, ...opened, revision: this.#revision() };
  }

  ask(kind: Request['kind'] | 'extend'): void {
    if (whyNot(this.window, kind) !== null) return;
    const { window } = this;
    const asked =
      kind === 'extend'
        ? extended(window, 5_000)
        : { ...window, request: { kind, by: 'ann', at: iso(this.now) } };
    this.window = { ...asked, version: window.version + 1 };
  }

  forget(): void {
    if (this.#before && this.window.phase !== 'done') Object.assign(this, this.#before);
    this.#before = null;
  }
}

it('ends every window in time, open again, on the release that its outcome says, whatever happens', () => {
  const start = fc.record({
    onDrainTimeout: fc.constantFrom('abort' as const, 'force' as const),
    runs: fc.array(fc.nat(3), { maxLength: 3 }),
    slow: fc.boolean(),
    deafAt: fc.constantFrom('never' as const, 'drain' as const, 'swap' as const),
  });
  const outcomes = new Set<string>();
  const story = fc.property(
    start,
    fc.array(action, { maxLength: 80 }),
    ({ onDrainTimeout, runs, slow, deafAt }, actions) => {
      const world = new World(onDrainTimeout, runs, slow, deafAt);
      for (const step of actions) {
        const at = 'host' in step ? world.hosts[step.host] : undefined;
        if (step.do === 'look') world.look();
        if (step.do === 'host') world.host(at);
        if (step.do === 'wait') world.now += step.ms;
        if (step.do === 'join') world.join(step.runs);
        if (step.do === 'die') world.hosts = world.hosts.filter(host => host !== at);
        if (step.do === 'leave' && at) at.leaving = true;
        if (step.do === 'deafen' && at) at.deaf = true;
        if (step.do === 'sweep') world.sweep();
        if (step.do === 'ask') world.ask(step.kind);
        if (step.do === 'forget') world.forget();
        if (world.intent.gate === 'closed') expect(world.intent.until).not.toBeNull();
      }
      // From here on somebody looks once a second, and hosts do what they are told.
      const limit = Math.max(world.now, Date.parse(world.window.endsBy ?? iso(world.now + 45_000))) + 60_000;
      while (world.window.phase !== 'done') {
        for (const host of world.hosts) world.host(host);
        world.look();
        world.now += 1_000;
        expect(world.now).toBeLessThanOrEqual(limit);
      }
      const { outcome, summary } = world.window;
      outcomes.add(outcome!);
      expect(summary).toBeTruthy();
      expect(world.intent).toMatchObject({ gate: 'open', release: outcome === 'completed' ? 'new' : 'old' });
    },
  );
  fc.assert(story, { numRuns: 600, seed: 20_300_101 });
  for (const outcome of ['aborted', 'cancelled', 'completed', 'refused']) expect(outcomes).toContain(outcome);
});
