import { isDeepStrictEqual } from 'node:util';
import type { WorkflowGraph } from '../../../src/model/workflow.js';
import { readWorkflow } from '../../../src/store/workflows/look.js';
import { Random } from '../../simulation/random.js';
import { type Ending, endingOf, signalsMayFail, waitsForLate } from './ending.js';
import { Violation } from './ledger.js';
import { QUEUE, releaseOf } from './releases.js';
import type { Story } from './story.js';
import { type Ground, type HostBugs, type Seen, World } from './world.js';

/** It ends long before, or never. */
const MOST_ROUNDS = 120;
let told = 0;

/**
 * Tells a story to its end. @returns what it has met.
 * @throws Error with the promise that does not hold, how to tell it again, and the last of what happened.
 */
export async function tell(ground: Ground, story: Story, bugs: HostBugs = {}): Promise<Seen> {
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
        ...world.actors.log.slice(-120),
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
    const graph = kept && !waitsForLate(kept) && isAlike(story, kept) ? kept : null;
    // Its code was mended on the way.
    if (world.code.mended) return;
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

/** Whichever release begins a workflow run of a step, it has the same steps. */
const isAlike = ({ releases }: Story, graph: WorkflowGraph): boolean =>
  graph.steps.every(({ kind }) => kind !== 'workflow') ||
  releases.every(({ inner }) => isDeepStrictEqual(inner, releases[0]!.inner));

/** The same graph, and nothing goes wrong: one release, no windows, nobody dies. */
async function undisturbed(ground: Ground, story: Story, graph: WorkflowGraph): Promise<Ending> {
  const quiet = {
    ...story,
    releases: [releaseOf('r1', 'alone', graph.steps, story.releases[0]!.inner)],
    cancelAfter: null,
    lost: 0,
  };
  const world = new World(ground, quiet, `run-alone0000000000${told++}`, new Random(story.seed + 2));
  await world.begin();
  await world.ask();
  await calm(world, quiet);
  return endingOf(world, quiet, false);
}

async function disturbed(world: World, story: Story, acts: number): Promise<void> {
  const { random, actors, deploys } = world;
  for (let at = 0; at < acts; at++) {
    const { askAfter } = story;
    if (askAfter === at || (askAfter === 'side by side' && deploys.isSideBySide)) await world.ask();
    for (const signal of story.signals) if (signal.after === at) await world.signal(signal.name);
    if (story.cancelAfter === at) await world.cancel();
    switch (
      random.weighted({
        act: 60,
        begin: 25,
        strike: story.harm,
        stop: story.harm,
        goOn: 4,
        retry: story.retries,
        deploy: 6,
        window: 15,
        time: story.time,
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
      case 'retry':
        await world.retryFailed();
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
