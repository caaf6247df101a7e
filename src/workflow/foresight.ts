import type { RunAddress } from '../model/run.js';
import type { PartOf, StepAnswer, StepQuestion } from '../model/workflow.js';
import { memberOf } from '../store/agenda.js';
import { stepFit } from './graph-fit.js';
import { isPlain, questionOf } from './question.js';
import type { RunningRelease } from './running-release.js';
import type { Seen } from './seen.js';

/** Runs of which is remembered what was seen last, and questions whose answer nobody has taken. */
const MOST_RUNS = 200;
const MOST_QUESTIONS = 50;
/** Steps that are asked about at once … */
const MOST_STEPS = 4;
/** … and characters of what they are told. */
const MOST_CHARACTERS = 16 * 1024;

interface Foreseen {
  release: RunningRelease['workflows'];
  answer: Promise<StepAnswer>;
}

/**
 * Asks the code about the steps that wait for a run alone while its end is still being recorded. Nothing is written for that: who then comes to ask the same question of the
 * same release has the answer, or nearly, and where it comes otherwise nobody does.
 */
export class Foresight {
  readonly #seen = new Map<string, Pick<Seen, 'graph' | 'asked'>>();
  readonly #asked = new Map<string, Foreseen>();

  /** What a host sees of a workflow run, before a run of it ends here. */
  saw(address: RunAddress, { graph, asked }: Seen): void {
    if (asked.data.length <= MOST_CHARACTERS)
      keep(this.#seen, memberOf(address), { graph, asked }, MOST_RUNS);
  }

  /** A run is about to be settled. @param result JSON. */
  ends(release: RunningRelease, part: PartOf, result: string): void {
    const seen = this.#seen.get(memberOf(part));
    if (!seen || part.index !== null) return;
    const { graph, asked } = seen;
    if (result.length + asked.data.length > MOST_CHARACTERS) return;
    const waits = graph.steps.filter(({ after }) => after.length === 1 && after[0] === part.step);
    if (waits.length > MOST_STEPS) return;
    for (const step of waits) {
      const now = release.workflows.get(graph.name)?.steps.find(({ name }) => name === step.name);
      if (!now || isPlain(now) || now.after.join() !== part.step || stepFit(step, graph, release)) continue;
      const question = questionOf(part, graph.name, step.name, asked, { [part.step]: result });
      const answer = release.evaluate(question);
      // Where nobody comes to ask, nobody hears of it.
      answer.catch(() => {});
      keep(this.#asked, JSON.stringify(question), { release: release.workflows, answer }, MOST_QUESTIONS);
    }
  }

  /** @throws as `evaluate` of the release. */
  ask(release: RunningRelease, question: StepQuestion): Promise<StepAnswer> {
    if (this.#asked.size === 0) return release.evaluate(question);
    const key = JSON.stringify(question);
    const foreseen = this.#asked.get(key);
    this.#asked.delete(key);
    return foreseen?.release === release.workflows ? foreseen.answer : release.evaluate(question);
  }
}

function keep<T>(memory: Map<string, T>, key: string, value: T, most: number): void {
  memory.delete(key);
  memory.set(key, value);
  for (const oldest of memory.keys()) if (memory.size > most) memory.delete(oldest);
}
