import { isDeepStrictEqual } from 'node:util';
import { fieldOf, isOver, type KeptWorkflow } from '../../../src/model/kept-workflow.js';
import type { RunAddress } from '../../../src/model/run.js';
import type { PartOf, StepKind, WorkflowGraph } from '../../../src/model/workflow.js';
import { partRunId } from '../../../src/queue/workflow-runs.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import { OUTER, QUEUE } from './releases.js';
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
  /** Effects, by the ID of their run. */
  readonly #done = new Set<string>();
  /** Who computes a run now. */
  readonly #computing = new Map<string, { actor: string; part: PartOf }>();
  /** Of each step of each workflow run the answer that its runs come of. */
  readonly #answers = new Map<string, number>();
  /** As they were when these runs began. */
  readonly #graphs = new Map<string, WorkflowGraph>();

  constructor(private readonly world: World) {}

  /** Of the workflow run that the story is of. */
  get graph(): WorkflowGraph | null {
    return this.#graphs.get(this.world.jobId) ?? null;
  }

  isDone = (run: RunAddress, field: string): boolean => this.#done.has(partOf(run, field).jobId);

  /** A run of a step has come to its end, or never will: as a job, and as a workflow. */
  async isOver(run: RunAddress, kind: StepKind, field: string): Promise<boolean> {
    if (kind !== 'workflow') return this.isDone(run, field);
    const kept = await readWorkflow(this.world.store, partOf(run, field));
    return kept === null || isOver(kept);
  }

  /** A run computes, at some place between its start and its end. */
  async computes(jobId: string, part: PartOf, by: { actor: string; release: string }, told: Told) {
    const field = fieldOf(part.step, part.index);
    const other = this.#computing.get(jobId);
    if (other && other.actor !== by.actor)
      throw new Violation(`${field} is computed by ${other.actor} and ${by.actor}`);
    this.#computing.set(jobId, { actor: by.actor, part });
    if (!this.world.deploys.permits(by.release))
      throw new Violation(`${field} is computed on ${by.release}, which does not run now`);
    if (told.field !== field) throw new Violation(`${field} is told to be ${told.field}`);
    const step = `${part.jobId} ${part.step}`;
    const answer = this.#answers.get(step) ?? told.answer;
    this.#answers.set(step, answer);
    if (told.answer !== answer)
      throw new Violation(`runs of ${part.step} come of two answers, ${answer} and ${told.answer}`);
    if (this.#done.has(jobId)) throw new Violation(`${field} is done again`);
    const mark = await this.#mark(part);
    if (mark !== null) throw new Violation(`${field} is computed again, after it was settled as ${mark}`);
    await this.#follows(field, part);
  }

  /** It has done what it is there for. */
  does(jobId: string): void {
    this.#done.add(jobId);
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
    if ((await this.#mark(computing.part)) === null) this.#done.delete(jobId);
  }

  /** A person has it go on: what was cancelled, or failed and may not, may be done again. */
  async reopened(run: RunAddress = this.world.address): Promise<void> {
    const kept = await readWorkflow(this.world.store, run);
    if (!kept) return;
    for (const [field, mark] of Object.entries(await this.marks(run))) {
      const step = kept.graph.steps.find(({ name }) => name === field.split('/')[0])!;
      if (mark[0] !== '~' && !(mark[0] === '!' && step.onFailure === 'stop')) continue;
      const part = partOf(run, field);
      this.#done.delete(part.jobId);
      if (step.kind === 'workflow') await this.reopened(part);
    }
  }

  marks({ queue, jobId }: RunAddress): Promise<Record<string, string>> {
    const { redis, keys } = this.world.store;
    return redis.hgetall(keys.workflowResults(queue, jobId));
  }

  async #mark(part: PartOf): Promise<string | null> {
    return (await this.marks(part))[fieldOf(part.step, part.index)] ?? null;
  }

  /** All that comes before it in the graph with which the run began has ended, also as seen from here. */
  async #follows(field: string, part: PartOf): Promise<void> {
    const kept = await this.look(part);
    for (const name of kept.graph.steps.find(each => each.name === part.step)!.after) {
      const { state, count } = kept.steps[name]!;
      if (!['done', 'failed', 'skipped'].includes(state))
        throw new Violation(`${field} is computed while ${name} is ${state}`);
      const places = Array.from({ length: count ?? 0 }, (_, place) => place);
      const { each, kind } = kept.graph.steps.find(before => before.name === name)!;
      const open: string[] = [];
      for (const of of places.map(place => fieldOf(name, each ? place : null)))
        if (!(await this.isOver(part, kind, of))) open.push(of);
      if (open.length > 0) throw new Violation(`${field} is computed, and ${open} are still to come`);
    }
  }

  /** What is kept of a workflow run. It keeps the graph of the release on which it began. */
  async look(run: RunAddress = this.world.address): Promise<KeptWorkflow> {
    const kept = await readWorkflow(this.world.store, run);
    if (!kept) throw new Violation('nothing is kept of the run');
    const { graph } = kept;
    const before = this.#graphs.get(run.jobId) ?? graph;
    const ofReleases = [...this.world.releases.values()].map(({ steps, inner }) =>
      graph.name === OUTER ? steps : inner,
    );
    if (!ofReleases.some(steps => isDeepStrictEqual(steps, graph.steps)))
      throw new Violation('the run has a graph of no release');
    this.#graphs.set(run.jobId, graph);
    if (!isDeepStrictEqual(before, graph)) throw new Violation('the run has another graph than before');
    return kept;
  }
}

/** The run of a step that has this field. */
export function partOf(run: RunAddress, field: string): RunAddress {
  const [step, place] = field.split('/');
  return { queue: QUEUE, jobId: partRunId(run, step!, place === undefined ? null : Number(place)) };
}
