import type { StepAnswer, StepQuestion } from '../model/workflow.js';
import type { Clock } from '../platform/clock.js';
import { SlackwaterError } from '../platform/errors.js';
import { SpareWorkers, type SpareWorkersOptions } from './spare-workers.js';

/** After that, the author's functions are taken for stuck. */
const WITHIN_MS = 10_000;
/** So often in a row a step may end the process, before it is not asked about … */
const MOST_DEATHS = 3;
/** … for this long: others want answers too. */
const SPARED_MS = 60_000;

/**
 * Asks the code of a release about the steps of workflows, in a process of its own without runs: one that hangs or dies over a step takes nothing with it, no run
 * and no state that is being brought down. Questions go together; where the process ends over several, each is asked alone, so that the innocent ones get their answer.
 */
export class Evaluator {
  readonly #spares: SpareWorkers;
  readonly #clock: Clock;
  readonly #deaths = new Map<string, { count: number; until: number }>();
  /** Of each release the last question that has to be alone. */
  readonly #alone = new Map<string, Promise<unknown>>();

  constructor(options: SpareWorkersOptions) {
    this.#spares = new SpareWorkers(options);
    this.#clock = options.clock;
  }

  /**
   * @returns what the code says; `failed` with what to change where it throws, hangs or ends its process.
   * @throws where it cannot be asked now: the release cannot be had or loaded, or the same question of others has ended one process after the other. To be asked again.
   */
  async ask(release: string, question: StepQuestion): Promise<StepAnswer> {
    while (this.#alone.has(release)) await this.#alone.get(release);
    const key = `${release}/${question.workflow}/${question.step}`;
    const deadly = this.#deaths.get(key);
    if (deadly && deadly.count >= MOST_DEATHS && this.#clock.monotonic() < deadly.until)
      throw new SlackwaterError(
        'unavailable',
        `${whatEnds(question)} again and again: it is asked again within a minute`,
      );
    const answer = (await this.#try(release, question)) ?? (await this.#tryAlone(release, question));
    if (answer) this.#deaths.delete(key);
    else
      this.#deaths.set(key, { count: (deadly?.count ?? 0) + 1, until: this.#clock.monotonic() + SPARED_MS });
    return answer ?? stuck(question);
  }

  /** @returns `null` where the process ended over it. */
  async #try(release: string, question: StepQuestion): Promise<StepAnswer | null> {
    const { process, free } = await this.#spares.borrow(release);
    const cancel = this.#clock.after(WITHIN_MS, () => process.kill());
    return process.evaluate(question).finally(() => {
      cancel();
      free();
    });
  }

  /** One after the other, and nothing else meanwhile. */
  #tryAlone(release: string, question: StepQuestion): Promise<StepAnswer | null> {
    const before = this.#alone.get(release) ?? Promise.resolve();
    const answer = before.then(() => this.#try(release, question));
    const over = answer.then(
      () => {},
      () => {},
    );
    this.#alone.set(release, over);
    void over.then(() => {
      if (this.#alone.get(release) === over) this.#alone.delete(release);
    });
    return answer;
  }

  async stop(): Promise<void> {
    await this.#spares.stop();
  }
}

const whatEnds = ({ workflow, step }: StepQuestion): string =>
  step === null
    ? `reading the payload of workflow "${workflow}" ended its process`
    : `computing step "${step}" of workflow "${workflow}" ended its process`;

function stuck({ workflow, step }: StepQuestion): StepAnswer {
  const what = step === null ? `reading the payload of workflow "${workflow}"` : 'computing it';
  const {
    name,
    message,
    stack = '',
  } = new SlackwaterError(
    'bad-definition',
    `${what} ended the process, or took longer than ${WITHIN_MS / 1_000}s: schemas and the functions of a step (when, each, payload, until) may only compute a little. Let a job do the rest, and read its result`,
  );
  return { verdict: 'failed', error: { name, message, stack } };
}
