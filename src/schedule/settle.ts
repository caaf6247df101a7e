import { type Fates, fatesOf, type ScheduleState, type UnsentFire } from '../model/schedule.js';
import type { Clock } from '../platform/clock.js';
import type { EnqueueContext } from '../queue/enqueue.js';
import { haveEnded } from '../queue/how-ended.js';
import type { Queues } from '../queue/queues.js';
import { cancelRun } from '../queue/run-actions.js';
import type { Holder } from '../store/lease.js';
import type { Store } from '../store/redis.js';
import type { Asker } from '../store/run-requests.js';
import { type Decision, recordFates } from '../store/schedules/record-fires.js';
import type { RunByHand } from '../store/schedules/schedules.js';
import { unsentFires } from '../store/schedules/unsent-fires.js';
import type { Book, Entry } from './book.js';
import { decisionsOf } from './decisions.js';
import { inScripts } from './in-scripts.js';
import type { Seen } from './observe.js';
import type { Pace } from './pace.js';
import { type FirePlan, planFires } from './plan-fires.js';
import { sendFires } from './send.js';

/** So many schedules are planned, recorded and sent before the next ones have their turn, and no more than fit into so long, ms: one that nobody looked at for days takes a while. */
const SLICE = 250;
const SLICE_MS = 100;
/** What is not settled within this waits for the next look, ms: others may have fallen due meanwhile, and those on time go first. */
const SETTLE_MS = 1_000;
/** How often a run that is to be replaced is asked to end, ms. */
const ASK_EVERY_MS = 1_000;

/** What becomes of a schedule, on its way to the ledger. */
interface Planned {
  entry: Entry;
  plan: FirePlan;
  decisions: Decision[];
}

export interface SettleOptions {
  clock: Clock;
  pace: Pace;
  retention: EnqueueContext['retention'];
  onFires(app: string, fates: Fates): void;
  onTrouble(error: unknown): void;
}

/** Gives fires their fates: plan, record, send, strike off. */
export class Settlement {
  /** What is recorded as running and not yet known to be in its queue, by ID. */
  #unsent = new Map<string, UnsentFire>();
  /** When runs were asked to end lately, by ID. */
  #askedAt = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly queues: Queues,
    private readonly book: Book,
    private readonly options: SettleOptions,
  ) {}

  /**
   * Sends all that is recorded, whoever did that: a server that died after it, one that has not heard that it did, a backfill, a person. What fails is sent again with the next look.
   * @param count how many there are
   */
  async sendRecorded(count: number): Promise<void> {
    const fires = count > 0 ? await unsentFires(this.store) : [];
    this.#unsent = new Map(fires.map(fire => [fire.id, fire]));
    await this.#send();
  }

  async #send(): Promise<void> {
    if (this.#unsent.size === 0) return;
    const fires = [...this.#unsent.values()];
    const { sent, error } = await sendFires(this.store, this.queues, fires, this.options.retention);
    for (const { id } of sent) this.#unsent.delete(id);
    if (error) this.options.onTrouble(error);
  }

  /**
   * Gives the fires of these schedules their fates, those that fell due last first: the others are late in any case.
   * @returns the apps that have to be read anew, since somebody else was here, and whether some have to wait for the next look; `null`: the lease is another's.
   */
  async settle(
    entries: Iterable<Entry>,
    seen: Seen,
    holder: Holder,
  ): Promise<{ stale: Set<string>; more: boolean } | null> {
    const { clock } = this.options;
    const rest = [...entries].sort((a, b) => (b.dueAt ?? 0) - (a.dueAt ?? 0));
    const stale = new Set<string>();
    const end = clock.monotonic() + SETTLE_MS;
    while (rest.length > 0 && clock.monotonic() < end) {
      const { planned, looked } = await this.#plan(rest.slice(0, SLICE), seen);
      rest.splice(0, looked);
      const answer = await this.#record(planned, holder);
      if (answer === null) return null;
      for (const app of answer) stale.add(app);
      await this.#send();
    }
    for (const entry of rest) this.book.track(entry, entry.dueAt);
    return { stale, more: rest.length > 0 };
  }

  /** As many of them as fit into a slice. */
  async #plan(entries: Entry[], { now, holds }: Seen): Promise<{ planned: Planned[]; looked: number }> {
    const { clock, pace } = this.options;
    const busy = await this.#busy(entries);
    const end = clock.monotonic() + SLICE_MS;
    const planned: Planned[] = [];
    let looked = 0;
    for (const [i, entry] of entries.entries()) {
      const { app, schedule, times, state, seen } = entry;
      const situation = {
        now,
        paused: entry.paused,
        hold: holds.get(schedule.queue) ?? null,
        busy: busy[i] ?? null,
        room: pace.room(app),
      };
      looked++;
      const plan = this.book.understood(entry, () => planFires(schedule, times, state, situation));
      if (plan === null) continue;
      pace.went(app, plan.late);
      const decisions = decisionsOf(entry, plan).filter(
        ({ state, fires }) => state !== seen || fires.length > 0,
      );
      planned.push({ entry, plan, decisions });
      if (clock.monotonic() > end) break;
    }
    return { planned, looked };
  }

  /** Of each schedule the ID of a run of it that has not ended. */
  async #busy(entries: Entry[]): Promise<(string | null)[]> {
    const runs: (RunByHand & { of: number })[] = entries.flatMap(({ state, byHand }, of) =>
      [state.run, byHand].flatMap(run => (run ? [{ ...run, of }] : [])),
    );
    const ended = await haveEnded(
      this.store,
      runs.map(({ queue, id }) => ({ queue, jobId: id })),
    );
    const busy: (string | null)[] = entries.map(() => null);
    for (const [i, { id, of }] of runs.entries()) if (!ended[i] || this.#unsent.has(id)) busy[of] ??= id;
    return busy;
  }

  async #record(planned: Planned[], holder: Holder): Promise<Set<string> | null> {
    const stale = new Set<string>();
    for (const app of new Set(planned.map(({ entry }) => entry.app))) {
      const own = planned.filter(({ entry }) => entry.app === app);
      const decisions = own.flatMap(({ decisions }) => decisions);
      const taken = new Set(decisions);
      for (const some of inScripts(decisions)) {
        const recorded = await recordFates(this.store, holder, app, some);
        if (recorded.answer === 'not-the-holder') return null;
        for (const i of recorded.stale) taken.delete(some[i]!);
        for (const [i, each] of some.entries())
          if (taken.has(each) && !recorded.startedBefore.has(i)) this.#take(each);
        this.#tell(
          app,
          some.filter(each => taken.has(each)),
        );
      }
      if (taken.size < decisions.length) stale.add(app);
      for (const { entry, plan, decisions } of own)
        if (decisions.every(each => taken.has(each))) await this.#settled(entry, plan, decisions.at(-1));
    }
    return stale;
  }

  #take({ unsent }: Decision): void {
    for (const fire of unsent) this.#unsent.set(fire.id, fire);
  }

  async #settled(entry: Entry, plan: FirePlan, last: Decision | undefined): Promise<void> {
    const { run } = entry.state;
    if (last) {
      entry.seen = last.state;
      entry.state = JSON.parse(last.state) as ScheduleState;
    }
    this.book.track(entry, plan.dueAt);
    // Again and again, until it is gone: who asked may die before the answer.
    const [next] = plan.state.waiting;
    const by = next
      ? `replaced by the fire of ${new Date(next.at).toISOString()}`
      : 'replaced by the next fire';
    const asker = { by: `schedule ${entry.schedule.job}`, reason: `${by} (overlap: replace)` };
    if (plan.replaces) for (const each of [run, entry.byHand]) if (each) await this.#cancel(each, asker);
  }

  async #cancel({ queue, id }: RunByHand, asker: Asker): Promise<void> {
    const now = this.options.clock.monotonic();
    for (const [asked, at] of this.#askedAt) if (now - at >= ASK_EVERY_MS) this.#askedAt.delete(asked);
    if (this.#askedAt.has(id)) return;
    this.#askedAt.set(id, now);
    const [ended] = await haveEnded(this.store, [{ queue, jobId: id }]);
    // It may have ended in between, or be gone.
    if (!ended) await cancelRun(this.store, `${queue}~${id}`, asker).catch(() => {});
  }

  #tell(app: string, decisions: Decision[]): void {
    const fires = decisions.flatMap(({ fires }) => fires);
    if (fires.length > 0) this.options.onFires(app, fatesOf(fires));
  }
}
