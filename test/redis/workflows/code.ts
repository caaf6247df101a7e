import { fieldOf } from '../../../src/model/kept-workflow.js';
import type { PartOf, StepAnswer, StepQuestion } from '../../../src/model/workflow.js';
import { type Ledger, type Told, Violation } from './ledger.js';
import type { Release } from './releases.js';
import { doneBy } from './runs.js';
import type { Story } from './story.js';

/** The author's code, of every release: it also looks that it is told what it should be. */
export class Code {
  mended = false;
  #answers = 0;

  constructor(
    private readonly story: Story,
    private readonly ledger: Ledger,
  ) {}

  fails = ({ step, index }: PartOf): boolean => this.story.steps[step]!.fails.has(index ?? 0) && !this.mended;

  async answer(release: Release, { step, results }: StepQuestion): Promise<StepAnswer> {
    if (step === null) return { verdict: 'fits' };
    const manifest = release.steps.find(({ name }) => name === step)!;
    for (const name of manifest.after) await this.#check(name, results[name]);
    const { verdict, count, untilMs } = this.story.steps[step]!;
    if (verdict === 'skip') return { verdict };
    if (verdict === 'failed' && !this.mended)
      return { verdict, error: { name: 'Error', message: `${step} cannot be asked`, stack: '' } };
    if (manifest.kind === 'wait' && untilMs !== undefined)
      return { verdict: 'wait', until: Date.now() + untilMs };
    if (manifest.kind !== 'job') return { verdict: 'fits' };
    const answer = ++this.#answers;
    const payloads = Array.from({ length: manifest.each ? count : 1 }, (_, place): Told => {
      return { field: fieldOf(step, manifest.each ? place : null), by: release.id, answer };
    });
    return { verdict: 'run', payloads: payloads.map(told => JSON.stringify(told)) };
  }

  /** A step that is asked about has the results of all that comes before it, if they are what the kept graph says. */
  async #check(name: string, result: string | null | undefined | (string | null)[]): Promise<void> {
    const kept = await this.ledger.look();
    const { kind, each } = kept.graph.steps.find(step => step.name === name)!;
    const { state, count } = kept.steps[name]!;
    if (result === undefined) throw new Violation(`nothing is said of ${name}`);
    if (kind !== 'job' || state === 'skipped' || count === null) return;
    const texts = each ? (result as (string | null)[]) : [result as string | null];
    if (texts.length !== count) throw new Violation(`${name} has ${texts.length} results, not ${count}`);
    const marks = await this.ledger.marks();
    for (const [place, text] of texts.entries()) {
      const field = fieldOf(name, each ? place : null);
      // What is just being recorded is told already.
      const isEarly = marks[field] === undefined && this.ledger.done.has(field);
      const is = isEarly || marks[field]?.startsWith('=') ? JSON.stringify(doneBy(field)) : null;
      if (text !== is) throw new Violation(`the result of ${field} is given as ${text}, and is ${is}`);
      if (marks[field] === undefined && !isEarly)
        throw new Violation(`${field} has not ended, and is asked for`);
    }
  }
}
