import { isDeepStrictEqual } from 'node:util';
import { fieldOf } from '../../../src/model/kept-workflow.js';
import { isSettled, lastSteps, type WorkflowGraph } from '../../../src/model/workflow.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import { Random } from '../../simulation/random.js';
import { doneBy } from './host.js';
import { Violation } from './ledger.js';
import { QUEUE, releaseOf } from './releases.js';
import { type Story, storyOf } from './story.js';
import { type Ground, type HostBugs, type Seen, World } from './world.js';

/** It ends long before, or never. */
const MOST_ROUNDS = 120;
let told = 0;

/** How a story ended: its workflow run, the first time and, where that failed, after a person had mended the code. */
interface Ending {
  outcome: string;
  result: unknown;
}

/**
 * Tells a story to its end. @returns what it has met.
 * @throws Error with the promise that does not hold, how to tell it again, and the last of what happened.
 */
async function tell(ground: Ground, story: Story, bugs: HostBugs = {}): Promise<Seen> {
  const world = new World(ground, story, `run-story0000000000${told++}`, new Random(story.seed + 1), bugs);
  try {
    await live(world, story);
    return world.seen;
  } catch (error) {
    const kept = await readWorkflow(world.store, world.address);
    const { releases, ...rest } = story;
    throw new Error(
      [
        `story ${story.seed} breaks a promise: ${(error as Error).message}`,
        `replay: SLACKWATER_WORKFLOW_SEED=${story.seed} npx vitest run --project redis test/redis/workflow-story.test.ts`,
        JSON.stringify({ ...rest, steps: kept?.steps, stop: kept?.stop }, asLists),
        ...releases.map(({ id, change, steps }) => `${id} (${change}): ${JSON.stringify(steps)}`),
        ...world.actors.log.slice(-Number(process.env.SLACKWATER_WORKFLOW_LOG ?? 120)),
      ].join('\n'),
      { cause: error },
    );
  }
}

const asLists = (_: string, value: unknown) => (value instanceof Set ? [...value] : value);

async function live(world: World, story: Story): Promise<void> {
  await world.begin();
  await disturbed(world, story, story.disturbedFor);
  await world.ask();
  await calm(world, story);
  const first = await endingOf(world, story, story.cancelAfter !== null);
  if (first.outcome === 'completed') {
    const kept = world.ledger.graph;
    const graph = kept && !waitsForLate(kept) ? kept : null;
    const alone = graph && (await undisturbed(world.ground, story, graph));
    if (alone && !isDeepStrictEqual(first, alone))
      throw new Violation(`it is ${JSON.stringify(first)}, and undisturbed ${JSON.stringify(alone)}`);
    return;
  }
  await world.retry();
  await disturbed(world, { ...story, cancelAfter: null }, Math.floor(story.disturbedFor / 2));
  await calm(world, story);
  const again = await endingOf(world, { ...story, cancelAfter: null }, false);
  const mayFail = signalsMayFail(await world.ledger.look());
  if (!mayFail && again.outcome !== 'completed') throw new Violation(`after a retry it is ${again.outcome}`);
}

/** The same graph, and nothing goes wrong: one release, no windows, nobody dies. */
async function undisturbed(ground: Ground, story: Story, graph: WorkflowGraph): Promise<Ending> {
  const quiet = { ...story, releases: [releaseOf('r1', 'alone', graph.steps)], cancelAfter: null, lost: 0 };
  const world = new World(ground, quiet, `run-alone0000000000${told++}`, new Random(story.seed + 2));
  await world.begin();
  await world.ask();
  await calm(world, quiet);
  return endingOf(world, quiet, false);
}

async function disturbed(world: World, story: Story, acts: number): Promise<void> {
  const { random, actors, deploys } = world;
  for (let at = 0; at < acts; at++) {
    if (story.askAfter === at) await world.ask();
    for (const signal of story.signals) if (signal.after === at) await world.signal(signal.name);
    if (story.cancelAfter === at) await world.cancel();
    switch (
      random.weighted({
        act: 60,
        begin: 25,
        strike: story.harm,
        stop: story.harm,
        goOn: 4,
        deploy: 6,
        window: 15,
        time: 1.5,
      })
    ) {
      case 'begin':
        world.beginOne();
        break;
      case 'strike':
        await world.strikeOne();
        break;
      case 'stop':
        await world.stopOne();
        break;
      case 'goOn':
        world.goOnOne();
        break;
      case 'deploy':
        await world.deploy('anything');
        break;
      case 'window':
        await deploys.step(false);
        break;
      case 'time':
        await world.passTime();
        break;
      default:
        await actors.next();
    }
  }
  while (world.goOnOne()) {}
}

/** Nothing goes wrong any more: it comes to its end, and with it all of its runs. */
async function calm(world: World, story: Story): Promise<void> {
  const { actors, deploys } = world;
  for (const { name } of story.signals) await world.signal(name);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    for (let acts = 0; acts < 40; acts++) {
      world.beginOne();
      await actors.next();
    }
    while (!actors.idle) await actors.next();
    await deploys.step(true);
    if (await isQuiet(world)) return;
    if (deploys.isOver) await world.deploy('the run');
    await world.passTime();
  }
  throw new Violation('it does not end');
}

async function isQuiet(world: World): Promise<boolean> {
  const { redis, keys } = world.store;
  if (!(await world.job())?.finishedOn) return false;
  const lists = await Promise.all(['wait', 'active'].map(name => redis.llen(keys.job(QUEUE, name))));
  // Who died before it had tidied up is followed by another, who finds it in the agenda.
  const sets = [keys.agenda(world.app), keys.job(QUEUE, 'prioritized')];
  const sizes = await Promise.all(sets.map(key => redis.zcard(key)));
  return [...lists, ...sizes].every(length => length === 0);
}

/** What it left behind fits to how it ended. */
async function endingOf(world: World, story: Story, isCancelled: boolean): Promise<Ending> {
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
  if ((await redis.scard(keys.liveWorkflows(QUEUE))) !== 0) throw new Violation('it still counts as live');
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
const waitsForLate = ({ steps }: WorkflowGraph): boolean =>
  steps.some(({ kind, timeoutMs }) => kind === 'signal' && timeoutMs !== null);

const signalsMayFail = ({ graph }: Kept): boolean =>
  graph.steps.some(
    ({ kind, timeoutMs, onFailure }) => kind === 'signal' && timeoutMs !== null && onFailure === 'stop',
  );

export const tellSeed = (ground: Ground, seed: number, bugs?: HostBugs): Promise<Seen> =>
  tell(ground, storyOf(seed), bugs);
