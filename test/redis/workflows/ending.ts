import { fieldOf } from '../../../src/model/kept-workflow.js';
import type { RunAddress } from '../../../src/model/run.js';
import { isSettled, lastSteps, type StepManifest, type WorkflowGraph } from '../../../src/model/workflow.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import { partOf, Violation } from './ledger.js';
import { QUEUE } from './releases.js';
import { doneBy } from './runs.js';
import type { Story } from './story.js';
import type { World } from './world.js';

/** How a story ended: its workflow run, the first time and, where that failed, after a person had mended the code. */
export interface Ending {
  outcome: string;
  result: unknown;
}

/** What it left behind fits to how it ended. */
export async function endingOf(world: World, story: Story, isCancelled: boolean): Promise<Ending> {
  const job = (await world.job())!;
  const outcome = await job.getState();
  const ending = { outcome, result: job.returnvalue as unknown };
  if ((await readWorkflow(world.store, world.address)) === null) {
    // It was cancelled before it had begun.
    if (!isCancelled || outcome !== 'failed')
      throw new Violation(`it is ${outcome}, and nothing is kept of it`);
    return ending;
  }
  const kept = await world.ledger.look();
  if (!isCancelled) {
    const may = world.code.mended ? ['completed', 'failed'] : fates(story, kept);
    if (!may.includes(outcome)) throw new Violation(`it is ${outcome}, not ${may.join(' or ')}`);
  }
  await isTidy(world);
  await haveEnded(world, world.address, kept, { isCancelled, outcome });
  if (outcome === 'completed') hasResults(kept, ending.result as Record<string, unknown>);
  return ending;
}

/** The runs of its steps have, and those that are workflow runs fit to how they ended. */
async function haveEnded(world: World, run: RunAddress, kept: Kept, how: How): Promise<void> {
  const { isCancelled, outcome } = how;
  const marks = await world.ledger.marks(run);
  for (const step of kept.graph.steps.filter(({ kind }) => kind === 'job' || kind === 'workflow')) {
    const { state, count, left } = kept.steps[step.name]!;
    if (!isSettled(state)) throw new Violation(`${step.name} is ${state} at the end`);
    if (state === 'skipped' || count === null) continue;
    if (left !== 0) throw new Violation(`${left} runs of ${step.name} are still to end`);
    for (let place = 0; place < count; place++) {
      const field = fieldOf(step.name, step.each ? place : null);
      const text = marks[field];
      const mark = text?.[0];
      if (mark === undefined) throw new Violation(`${field} has not ended`);
      if (step.kind === 'workflow') await fits(world, partOf(run, field), text!, isCancelled);
      else if (mark !== '~' && !world.ledger.isDone(run, field) && !isCancelled)
        throw new Violation(`${field} is settled as ${text}, and was not done`);
      if (outcome === 'completed' && step.onFailure === 'stop' && mark !== '=')
        throw new Violation(`it is completed, and ${field} is ${marks[field]}`);
    }
  }
}

/** A workflow run of a step: as it was settled there. */
async function fits(world: World, run: RunAddress, mark: string, isCancelled: boolean): Promise<void> {
  await goes(world, run);
  // It was cancelled before it had begun.
  if ((mark[0] === '~' || isCancelled) && !(await readWorkflow(world.store, run))) return;
  const outcome = mark[0] === '=' ? 'completed' : 'failed';
  const state = await (await world.ground.queues.get(QUEUE).getJob(run.jobId))!.getState();
  if (state !== outcome) throw new Violation(`${run.jobId} is ${state}, and was settled as ${mark}`);
  const kept = await world.ledger.look(run);
  await haveEnded(world, run, kept, { isCancelled, outcome });
  if (outcome === 'completed') hasResults(kept, JSON.parse(mark.slice(1)) as Record<string, unknown>);
}

/** What is kept of it does, in time. */
async function goes({ store }: World, { queue, jobId }: RunAddress): Promise<void> {
  const { redis, keys } = store;
  for (const key of [keys.workflow(queue, jobId), keys.workflowResults(queue, jobId)])
    if ((await redis.pttl(key)) === -1) throw new Violation(`${key} stays for ever`);
}

async function isTidy(world: World): Promise<void> {
  const { redis, keys } = world.store;
  await goes(world, world.address);
  for (const key of [keys.liveWorkflows(QUEUE), keys.reopenedWorkflows(QUEUE)])
    if ((await redis.scard(key)) !== 0) throw new Violation('it still counts as live');
  if ((await redis.zcard(keys.job(QUEUE, 'delayed'))) !== 0) throw new Violation('something is left delayed');
}

type Kept = Awaited<ReturnType<World['ledger']['look']>>;
interface How {
  outcome: string;
  isCancelled: boolean;
}

function hasResults({ graph, steps }: Kept, results: Record<string, unknown>): void {
  const last = lastSteps(graph);
  const more = Object.keys(results).find(of => !last.some(({ name }) => name === of));
  if (more) throw new Violation(`it has a result of ${more}, which others wait for`);
  for (const { name, kind, each } of last) {
    const { state, count } = steps[name]!;
    if (kind !== 'job' || state !== 'done') continue;
    const is = each ? count : doneBy(name);
    if (results[name] !== is) throw new Violation(`the result of ${name} is ${results[name]}, not ${is}`);
  }
}

/** How it may end if nobody cancels it. */
function fates(story: Story, kept: Kept): string[] {
  if (fails(story, kept.graph.steps)) return ['failed'];
  return signalsMayFail(kept) ? ['completed', 'failed'] : ['completed'];
}

/** What releases add to the workflow that steps run never fails. */
function fails(story: Story, graph: StepManifest[]): boolean {
  const skipped = new Set<string>();
  let isFailing = false;
  for (const step of graph) {
    const { verdict, count } = story.steps[step.name]!;
    if (step.after.length > 0 && step.after.every(name => skipped.has(name))) skipped.add(step.name);
    else if (verdict === 'skip') skipped.add(step.name);
    else if (step.onFailure === 'stop')
      isFailing ||= verdict === 'failed' || hasFault(story, step, step.each ? count : 1);
  }
  return isFailing;
}

/** One of its runs fails. */
function hasFault(story: Story, { name, kind }: StepManifest, count: number): boolean {
  if (kind === 'workflow') return count > 0 && fails(story, story.releases[0]!.inner);
  return [...story.steps[name]!.fails].some(place => place < count);
}

/** A signal may come in time, or too late. */
export const waitsForLate = ({ steps }: WorkflowGraph): boolean =>
  steps.some(({ kind, timeoutMs }) => kind === 'signal' && timeoutMs !== null);

export const signalsMayFail = ({ graph }: Kept): boolean =>
  graph.steps.some(
    ({ kind, timeoutMs, onFailure }) => kind === 'signal' && timeoutMs !== null && onFailure === 'stop',
  );
