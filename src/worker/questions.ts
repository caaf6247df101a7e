import type { ToWorker } from '../model/messages.js';
import type { StepQuestion } from '../model/workflow.js';

type Told = Extract<ToWorker, { t: 'results' }>;
type Asked = Extract<ToWorker, { t: 'evaluate' }>;

/** Puts questions together whose results came in several messages. */
export class Questions {
  readonly #told = new Map<number, Map<string, (string | null)[]>>();

  add({ seq, step, results }: Told): void {
    const steps = this.#told.get(seq) ?? new Map<string, (string | null)[]>();
    this.#told.set(seq, steps);
    const before = steps.get(step);
    if (before) for (const result of results) before.push(result);
    else steps.set(step, results);
  }

  whole({ seq, question }: Asked): StepQuestion {
    const steps = this.#told.get(seq);
    this.#told.delete(seq);
    return steps ? { ...question, results: { ...question.results, ...Object.fromEntries(steps) } } : question;
  }
}
