import { isDeepStrictEqual } from 'node:util';
import { fieldOf, type KeptWorkflow } from '../../../src/model/kept-workflow.js';
import type { PartOf, WorkflowGraph } from '../../../src/model/workflow.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import type { Story } from './story.js';
import type { World } from './world.js';

/** A promise that does not hold. */
export class Violation extends Error {}

/** What a run of a step is told: which it is, by which release, and in which of its answers. */
export interface Told {
  field: string;
  by: string;
  answer: number;
}

/**
 * What runs have really done, outside of Redis: every effect once, after all that comes before it, on a release that may run then. What Redis forgets is not forgotten here.
 */
export class Ledger {
  /** Effects, by the field of their run. */
  readonly done = new Set<string>();
  /** Who computes a run now. */
  readonly #computing = new Map<string, { actor: string; field: string }>();
  /** Of each step the answer that its runs come of. */
  readonly #answers = new Map<string, number>();
  /** As it was when the run began. */
  graph: WorkflowGraph | null = null;

  constructor(
    private readonly world: World,
    private readonly story: Story,
  ) {}

  /** A run computes, at some place between its start and its end. */
  async computes(jobId: string, part: PartOf, by: { actor: string; release: string }, told: Told) {
    const field = fieldOf(part.step, part.index);
    const other = this.#computing.get(jobId);
    if (other && other.actor !== by.actor)
      throw new Violation(`${field} is computed by ${other.actor} and ${by.actor}`);
    this.#computing.set(jobId, { actor: by.actor, field });
    if (!this.world.deploys.permits(by.release))
      throw new Violation(`${field} is computed on ${by.release}, which does not run now`);
    if (told.field !== field) throw new Violation(`${field} is told to be ${told.field}`);
    const answer = this.#answers.get(part.step) ?? told.answer;
    this.#answers.set(part.step, answer);
    if (told.answer !== answer)
      throw new Violation(`runs of ${part.step} come of two answers, ${answer} and ${told.answer}`);
    if (this.done.has(field)) throw new Violation(`${field} is done again`);
    const mark = await this.#mark(field);
    if (mark !== null) throw new Violation(`${field} is computed again, after it was settled as ${mark}`);
    await this.#follows(field, part.step);
  }

  /** It has done what it is there for. */
  does(jobId: string): void {
    const { field } = this.#computing.get(jobId)!;
    this.done.add(field);
  }

  /** It has ended, and computes nothing any more. */
  left(jobId: string): void {
    this.#computing.delete(jobId);
  }

  /** Its workers are gone. What they did and nobody has heard of is to be done again: it stands for what a job would have written together with its end. */
  async died(actor: string): Promise<void> {
    for (const jobId of [...this.#computing.keys()]) await this.lost(actor, jobId);
  }

  /** Its claim of this run is another's. */
  async lost(actor: string, jobId: string): Promise<void> {
    const computing = this.#computing.get(jobId);
    if (computing?.actor !== actor) return;
    this.#computing.delete(jobId);
    if ((await this.#mark(computing.field)) === null) this.done.delete(computing.field);
  }

  /** A person has it go on: what was cancelled, or failed and may not, may be done again. */
  async reopened(): Promise<void> {
    for (const [field, mark] of Object.entries(await this.marks())) {
      const step = (await this.look()).graph.steps.find(({ name }) => name === field.split('/')[0])!;
      if (mark[0] === '~' || (mark[0] === '!' && step.onFailure === 'stop')) this.done.delete(field);
    }
  }

  marks(): Promise<Record<string, string>> {
    return this.world.marks();
  }

  async #mark(field: string): Promise<string | null> {
    return (await this.marks())[field] ?? null;
  }

  /** All that comes before it in the graph with which the run began has ended, also as seen from here. */
  async #follows(field: string, step: string): Promise<void> {
    const kept = await this.look();
    for (const name of kept.graph.steps.find(each => each.name === step)!.after) {
      const { state, count } = kept.steps[name]!;
      if (!['done', 'failed', 'skipped'].includes(state))
        throw new Violation(`${field} is computed while ${name} is ${state}`);
      const places = Array.from({ length: count ?? 0 }, (_, place) => place);
      const { each } = kept.graph.steps.find(before => before.name === name)!;
      const open = places.map(place => fieldOf(name, each ? place : null)).filter(of => !this.done.has(of));
      if (open.length > 0) throw new Violation(`${field} is computed, and ${open} are still to come`);
    }
  }

  /** What is kept of the run. It keeps the graph of the release on which it began. */
  async look(): Promise<KeptWorkflow> {
    const kept = await readWorkflow(this.world.store, this.world.address);
    if (!kept) throw new Violation('nothing is kept of the run');
    const { graph } = kept;
    if (this.graph === null) {
      if (!this.story.releases.some(({ steps }) => isDeepStrictEqual(steps, graph.steps)))
        throw new Violation('the run has a graph of no release');
      this.graph = graph;
    }
    if (!isDeepStrictEqual(this.graph, graph)) throw new Violation('the run has another graph than before');
    return kept;
  }
}
