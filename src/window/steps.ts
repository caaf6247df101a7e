import type { Phase, Report, Window } from '../model/window.js';
import { isOver } from '../model/window-defaults.js';
import type { Clock } from '../platform/clock.js';
import type { Holder } from '../store/lease.js';
import type { WindowChange } from '../store/windows.js';
import { holdId, holdOf, intentOf, intentStands, stands } from './act.js';
import type { ControlPlane } from './control-plane.js';
import { type Decision, decide } from './decide.js';
import { dueIn } from './due.js';
import { type Facts, factsOf, type Limits, sum } from './facts.js';
import { forecastDrainMs } from './forecast.js';
import { observe } from './observe.js';
import { Patience } from './patience.js';
import { progressOf } from './progress.js';
import { makeReport, type WindowNotes } from './report.js';
import type { TaskRunner } from './tasks/runner.js';

/** What logs and tests listen to. */
export type EngineEvent =
  /** A step was taken. */
  | { type: 'step'; window: Window; from: Phase; because: string }
  /** A look failed (Redis refused, a document could not be read). The next one comes by itself. */
  | { type: 'trouble'; error: unknown };

type Look = Awaited<ReturnType<typeof observe>>;

/** No window takes more steps in a row than it has phases; what goes on longer waits for the next look. */
const MAX_STEPS = 16;
/** How often the figures of a window are written while nothing else changes, ms. */
const PROGRESS_EVERY_MS = 500;

/** Who does the hooks and probes. */
export type Tasks = Pick<TaskRunner, 'about' | 'ensure' | 'over'>;

/** Takes the steps of a window: from a look to a decision, from a decision to a write, from a write to its effects. */
export class Steps {
  readonly #shownAt = new Map<string, number>();
  readonly #patience: Patience;
  #flags: Promise<void> = Promise.resolve();

  constructor(
    private readonly plane: ControlPlane,
    private readonly limits: Limits,
    private readonly clock: Clock,
    private readonly onEvent: (event: EngineEvent) => void,
    private readonly tasks?: Tasks,
  ) {
    this.#patience = new Patience(limits.signMs);
  }

  /**
   * Goes on with this window until it has to wait for somebody.
   * @returns after how long time alone may move it, ms.
   */
  async settle(window: Window, open: Window[], holder: Holder): Promise<number> {
    let known = window;
    for (let step = 0; step < MAX_STEPS; step++) {
      const look = await observe(this.plane, known, open);
      look.signs = this.#patience.heed(look.window, look.signs, this.clock.monotonic());
      if (isOver(look.window)) break;
      const decision = decide(look.window, look, look.now, this.limits);
      const goOn = decision ? await this.#take(decision, look, holder) : await this.#keep(look, holder);
      known = decision?.window ?? look.window;
      if (!goOn) return dueIn(look.window, look.now, this.limits);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** @returns whether another look is due: after a step, and when somebody else wrote in between. */
  async #take(decision: Decision, look: Look, holder: Holder): Promise<boolean> {
    const { window, from, because } = decision;
    const facts = factsOf(look.window, look, look.now, this.limits);
    const hold = holdOf(window);
    if (window.phase === 'done') await this.#flags;
    this.tasks?.about(window, look.window);
    const answer = await this.plane.advance(holder, {
      window,
      seenRevision: look.intent?.revision ?? null,
      intent: intentStands(window, look.intent) ? undefined : intentOf(window)!,
      place: hold ? [hold] : [],
      lift: hold ? [] : [holdId(window)],
      event: {
        type: window.phase === from ? 'window.note' : 'window.phase',
        data: {
          app: window.app,
          window: window.id,
          release: window.release,
          phase: window.phase,
          from,
          outcome: window.outcome,
          because,
        },
      },
      notes: await this.#notes(window, from, facts),
      report: window.phase === 'done' ? await this.#report(window, facts) : undefined,
    });
    if (answer === 'not-the-holder') return false;
    if (answer !== 'written') return true;
    this.onEvent({ type: 'step', window, from, because });
    if ((hold === null) !== (holdOf(look.window) === null)) this.#setFlags(window);
    if (isOver(window)) this.tasks?.over(window);
    else this.tasks?.ensure(window);
    if (!isOver(window)) return true;
    await this.#flags;
    await this.plane.prune(window.app);
    return false;
  }

  /** What is not among the open windows is over, or was forgotten: also where another server ended it. */
  forgetAllBut(open: Window[]): void {
    const ids = new Set(open.map(({ id }) => id));
    for (const id of this.#shownAt.keys()) if (!ids.has(id)) this.#shownAt.delete(id);
    this.#patience.forgetAllBut(ids);
  }

  /** Nothing to decide: what stands must still be what the window wants, and the figures must not be old. */
  async #keep(look: Look, holder: Holder): Promise<boolean> {
    const { window, intent, holds } = look;
    this.tasks?.ensure(window);
    const change = { window, seenRevision: intent?.revision ?? null };
    if (!stands(window, intent, holds)) {
      const hold = holdOf(window);
      const again: WindowChange = {
        ...change,
        intent: intentOf(window) ?? undefined,
        place: hold ? [hold] : [],
        lift: hold ? [] : [holdId(window)],
      };
      if ((await this.plane.advance(holder, again)) === 'not-the-holder') return false;
      this.#setFlags(window);
      return true;
    }
    if (window.phase !== 'scheduled') await this.#show(look, holder);
    return false;
  }

  /**
   * The flags follow the hold, one change after the other. No step waits for them: hosts keep their own gates, and whoever sweeps would do it within
   * a second. Only the end does, so that a window that is over has left no queue paused.
   */
  #setFlags({ queues }: Window): void {
    this.#flags = this.#flags
      .then(() => this.plane.applyPauseFlags(queues))
      .catch(error => this.onEvent({ type: 'trouble', error }));
  }

  async #show(look: Look, holder: Holder): Promise<void> {
    const { window, intent } = look;
    const facts = factsOf(window, look, look.now, this.limits);
    const next = progressOf(facts);
    const now = this.clock.monotonic();
    if (JSON.stringify(next) === JSON.stringify(window)) return;
    if (now - (this.#shownAt.get(window.id) ?? Number.NEGATIVE_INFINITY) < PROGRESS_EVERY_MS) return;
    this.#shownAt.set(window.id, now);
    const seenRevision = intent?.revision ?? null;
    if ((await this.plane.advance(holder, { window: next, seenRevision })) !== 'written') return;
    await this.plane.tell('window.run', {
      app: window.app,
      window: window.id,
      phase: window.phase,
      ...next.runs,
      running: facts.running,
    });
  }

  /** What the report will need, noted where it can be seen: the next phase has forgotten it. */
  async #notes(window: Window, from: Window['phase'], facts: Facts): Promise<Partial<WindowNotes>> {
    if (window.phase === from) return {};
    const proof = proofNote(facts);
    switch (window.phase) {
      case 'preparing':
        return { intake: await this.plane.intakeCounters(window.queues) };
      case 'draining':
        // On the way back nothing is forecast, and what was proven on the way forward stays noted.
        if (window.rollback) return {};
        return { forecastDrainMs: forecastDrainMs(facts.blockers), ...proof };
      default:
        return proof;
    }
  }

  async #report(window: Window, facts: Facts): Promise<Report> {
    const [notes, counters] = await Promise.all([
      this.plane.notes(window.id) as Promise<Partial<WindowNotes>>,
      this.plane.intakeCounters(window.queues),
    ]);
    const { intake } = notes;
    const accepted = intake
      ? sum(window.queues, queue => Math.max(0, (counters[queue] ?? 0) - (intake[queue] ?? 0)))
      : 0;
    return makeReport(window, facts.tallies, { ...notes, ...proofNote(facts) }, accepted, facts.now);
  }
}

function proofNote({ proof }: Facts): Pick<WindowNotes, 'proof'> | Record<string, never> {
  if (!proof.status) return {};
  const { checkpoints, ms, oneWay, setBack = [] } = proof.status;
  return { proof: { checkpoints, ms, oneWay, setBack } };
}
