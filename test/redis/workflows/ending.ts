import { fieldOf } from '../../../src/model/kept-workflow.js';
import { isSettled, lastSteps, type WorkflowGraph } from '../../../src/model/workflow.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import { Violation } from './ledger.js';
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
  const marks = await world.marks();
  for (const step of kept.graph.steps.filter(({ kind }) => kind === 'job')) {
    const { state, count, left } = kept.steps[step.name]!;
    if (!isSettled(state)) throw new Violation(`${step.name} is ${state} at the end`);
    if (state === 'skipped' || count === null) continue;
    if (left !== 0) throw new Violation(`${left} runs of ${step.name} are still to end`);
    for (let place = 0; place < count; place++) {
      const field = fieldOf(step.name, step.each ? place : null);
      const mark = marks[field]?.[0];
      if (mark === undefined) throw new Violation(`${field} has not ended`);
      if (mark !== '~' && !world.ledger.done.has(field) && !isCancelled)
        throw new Violation(`${field} is settled as ${marks[field]}, and was not done`);
      if (outcome === 'completed' && step.onFailure === 'stop' && mark !== '=')
        throw new Violation(`it is completed, and ${field} is ${marks[field]}`);
    }
  }
  if (outcome === 'completed') hasResults(kept, ending.result as Record<string, unknown>);
  return ending;
}

async function isTidy({ store, jobId }: World): Promise<void> {
  const { redis, keys } = store;
  for (const key of [keys.workflow(QUEUE, jobId), keys.workflowResults(QUEUE, jobId)])
    if ((await redis.pttl(key)) === -1) throw new Violation(`${key} stays for ever`);
  for (const key of [keys.liveWorkflows(QUEUE), keys.reopenedWorkflows(QUEUE)])
    if ((await redis.scard(key)) !== 0) throw new Violation('it still counts as live');
  if ((await redis.zcard(keys.job(QUEUE, 'delayed'))) !== 0) throw new Violation('something is left delayed');
}

type Kept = Awaited<ReturnType<World['ledger']['look']>>;

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
  const skipped = new Set<string>();
  let fails = false;
  for (const step of kept.graph.steps) {
    const { verdict, fails: places, count } = story.steps[step.name]!;
    if (step.after.length > 0 && step.after.every(name => skipped.has(name))) skipped.add(step.name);
    else if (verdict === 'skip') skipped.add(step.name);
    else if (step.onFailure === 'stop' && (verdict === 'failed' || hasFault(places, step.each ? count : 1)))
      fails = true;
  }
  if (fails) return ['failed'];
  return signalsMayFail(kept) ? ['completed', 'failed'] : ['completed'];
}

const hasFault = (places: Set<number>, count: number): boolean => [...places].some(place => place < count);

/** A signal may come in time, or too late. */
export const waitsForLate = ({ steps }: WorkflowGraph): boolean =>
  steps.some(({ kind, timeoutMs }) => kind === 'signal' && timeoutMs !== null);

export const signalsMayFail = ({ graph }: Kept): boolean =>
  graph.steps.some(
    ({ kind, timeoutMs, onFailure }) => kind === 'signal' && timeoutMs !== null && onFailure === 'stop',
  );
