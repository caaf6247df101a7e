import { ownIntent } from '../../../src/host/own-intent.js';
import type { Intent } from '../../../src/model/intent.js';
import { readIntent } from '../../../src/store/intents.js';
import type { Store } from '../../../src/store/redis.js';
import { Agenda } from '../../../src/workflow/agenda.js';
import { Foresight } from '../../../src/workflow/foresight.js';
import type { WorkflowPorts } from '../../../src/workflow/ports.js';
import type { RunningRelease } from '../../../src/workflow/running-release.js';
import type { Release } from './releases.js';
import { KEPT_MS, Runs } from './runs.js';
import type { World } from './world.js';

/**
 * A host, between its start and its death. Agenda, claims of workflow runs and all that goes into Redis are the real ones; what is played are its workers, and which acts of a run
 * follow each other, as in `src/host`.
 */
export class Host {
  readonly store: Store;
  readonly agenda: Agenda;
  readonly ports: WorkflowPorts;
  readonly foresight = new Foresight();
  readonly runs = new Runs(this);
  running: Release | null = null;
  #gate = false;
  drains = false;
  /** Of a canary: the release on which a share of the new runs begins. */
  sharing: { release: Release; share: number } | null = null;
  /** What it was told last still binds. */
  isCurrent = true;
  /** Its record is over: nobody waits for it. */
  isGone = false;
  #looks = false;
  #follows = false;

  /** @param name as windows know it. @param id another one for each start. */
  constructor(
    readonly world: World,
    readonly name: string,
    readonly id: string,
  ) {
    const { actors, ground } = world;
    this.store = actors.storeOf(id, ground.store);
    this.ports = {
      app: world.app,
      store: this.store,
      queues: actors.queuesOf(id, ground.queues),
      retention: { completedMs: KEPT_MS, failedMs: KEPT_MS },
      claims: { placeIn: () => this.runs.place() },
      foresight: this.foresight,
      limits: { payloadBytes: 1_000_000, readBytes: 1_000_000, atOnce: 2 },
      release: () => (this.mayBegin ? this.code() : null),
      recording: work => this.runs.recording(work),
      unfit: (_run, step, reason) => world.deploys.unfit(step, reason),
    };
    this.agenda = new Agenda({ ports: this.ports, onError: error => world.onError(id, error) });
  }

  get release(): string | null {
    return this.running?.id ?? null;
  }

  /** Something may begin here. */
  get mayBegin(): boolean {
    const { gate, word } = this.world.bugs;
    if (gate && this.running) return true;
    return this.#gate && (this.isCurrent || word === true);
  }

  /** As it was told last, whatever is wrong with it. */
  get isOpen(): boolean {
    return this.#gate;
  }

  /** Begins one of the things that it does by itself. */
  beginOne(): void {
    const { actors, random, bugs } = this.world;
    switch (random.weighted({ follow: 25, look: 35, claim: 40 })) {
      case 'follow':
        return this.follow();
      case 'look':
        if (!this.#looks && this.mayBegin && !bugs.sweep)
          actors.begin(this.id, 'looks at the agenda', () => this.#look());
        return;
      case 'claim':
        // Also now and then while the gate is closed: such a claim was on its way when it did.
        if (this.runs.hasRoom && (this.mayBegin || random.chance(0.1))) this.runs.claim('claims');
    }
  }

  follow(): void {
    if (!this.#follows) this.world.actors.begin(this.id, 'looks at the intent', () => this.#follow());
  }

  async #look(): Promise<void> {
    this.#looks = true;
    await this.agenda.look().catch(error => this.world.onError(this.id, error));
    this.#looks = false;
  }

  async #follow(): Promise<void> {
    const { deploys, actors, app } = this.world;
    this.#follows = true;
    try {
      const intent = await readIntent(this.store, app);
      if (intent) this.#obey(ownIntent(intent, this.name));
      const { running, ahead } = this.runs;
      const report = { revision: intent?.revision ?? 0, release: this.release, running, ahead };
      await actors.act(this.id, 'store', 'reports', async () => deploys.heard(this.name, report));
    } catch (error) {
      this.world.onError(this.id, error);
    }
    this.#follows = false;
  }

  /** As `AppHost.follow`: with the gate first, and another release where nothing computes any more. */
  #obey(intent: Intent): void {
    this.isCurrent = true;
    const isForeign = () => this.running !== null && this.running.id !== intent.release;
    this.#gate = false;
    if (isForeign() && this.runs.running === 0) this.running = null;
    if (!this.running) {
      this.running = this.world.releases.get(intent.release!)!;
      this.world.actors.tell(`${this.id} runs on ${this.release} now`);
    }
    this.#gate = intent.gate === 'open' && !isForeign();
    this.drains = intent.drain || isForeign();
    const { standby, share } = intent;
    this.sharing = standby && share > 0 ? { release: this.world.releases.get(standby)!, share } : null;
    if (!this.mayBegin) return;
    this.runs.goOn();
    if (!this.#looks && !this.world.bugs.sweep) void this.#look();
  }

  code(): RunningRelease {
    const release = this.running!;
    const { actors } = this.world;
    return {
      jobs: release.jobs,
      workflows: release.workflows,
      evaluate: question =>
        actors.act(this.id, 'code', `${release.id} is asked about ${question.step}`, async () =>
          this.world.code.answer(release, question),
        ),
    };
  }

  /** It stands still for so long that its locks end, and its workers with them. */
  hang(): void {
    this.isGone = true;
    this.isCurrent = false;
    this.runs.lose();
  }
}
