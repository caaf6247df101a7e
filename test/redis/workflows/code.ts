import { fieldOf } from '../../../src/model/kept-workflow.js';
import type { RunAddress } from '../../../src/model/run.js';
import type { PartOf, StepAnswer, StepQuestion } from '../../../src/model/workflow.js';
import { resultOf } from '../../../src/store/workflows/settle.js';
import { type Ledger, type Told, Violation } from './ledger.js';
import { QUEUE, type Release } from './releases.js';
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

  async answer(release: Release, { workflow, step, runId, results }: StepQuestion): Promise<StepAnswer> {
    if (step === null) return { verdict: 'fits' };
    const run = { queue: QUEUE, jobId: runId };
    const manifest = release.workflows.get(workflow)!.steps.find(({ name }) => name === step)!;
    for (const name of manifest.after) await this.#check(run, name, results[name]);
    const { verdict, count, untilMs } = this.story.steps[step]!;
    if (verdict === 'skip') return { verdict };
    if (verdict === 'failed' && !this.mended)
      return { verdict, error: { name: 'Error', message: `${step} cannot be asked`, stack: '' } };
    if (manifest.kind === 'wait' && untilMs !== undefined)
      return { verdict: 'wait', until: Date.now() + untilMs };
    if (manifest.kind === 'wait' || manifest.kind === 'signal') return { verdict: 'fits' };
    const answer = ++this.#answers;
    const payloads = Array.from({ length: manifest.each ? count : 1 }, (_, place): Told => {
      return { field: fieldOf(step, manifest.each ? place : null), by: release.id, answer };
    });
    return { verdict: 'run', payloads: payloads.map(told => JSON.stringify(told)) };
  }

  /** A step that is asked about has the results of all that comes before it, if they are what the kept graph says. */
  async #check(
    run: RunAddress,
    name: string,
    result: string | null | undefined | (string | null)[],
  ): Promise<void> {
    const kept = await this.ledger.look(run);
    const { kind, each } = kept.graph.steps.find(step => step.name === name)!;
    const { state, count } = kept.steps[name]!;
    if (result === undefined) throw new Violation(`nothing is said of ${name}`);
    if ((kind !== 'job' && kind !== 'workflow') || state === 'skipped' || count === null) return;
    const texts = each ? (result as (string | null)[]) : [result as string | null];
    if (texts.length !== count) throw new Violation(`${name} has ${texts.length} results, not ${count}`);
    const marks = await this.ledger.marks(run);
    for (const [place, text] of texts.entries()) {
      const field = fieldOf(name, each ? place : null);
      // What is just being recorded is told already.
      const mark = marks[field];
      const isEarly = mark === undefined && (await this.ledger.isOver(run, kind, field));
      const ofJob = isEarly || mark?.startsWith('=') ? JSON.stringify(doneBy(field)) : null;
      const ofWorkflow = isEarly ? text : resultOf(mark);
      const is = kind === 'workflow' ? ofWorkflow : ofJob;
      if (text !== is) throw new Violation(`the result of ${field} is given as ${text}, and is ${is}`);
      if (mark === undefined && !isEarly) throw new Violation(`${field} has not ended, and is asked for`);
    }
  }
}
