import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fieldOf } from '../../src/model/kept-workflow.js';
import { lastSteps } from '../../src/model/workflow.js';
import { partRunId } from '../../src/queue/workflow-runs.js';
import { readWorkflow } from '../../src/store/workflows/look.js';
import { Random } from '../simulation/random.js';
import { useStore } from '../support/store.js';
import { Actors } from './workflows/actors.js';
import { type Story, storyOf } from './workflows/story.js';
import { APP, type Ground, ground, QUEUE, Violation, World } from './workflows/world.js';

/** More of them, or one of them again: `SLACKWATER_WORKFLOW_STORIES=5000`, `SLACKWATER_WORKFLOW_SEED=1075`. */
const STORIES = Number(process.env.SLACKWATER_WORKFLOW_STORIES ?? 60);
const SEED = process.env.SLACKWATER_WORKFLOW_SEED;
/** It ends long before, or never. */
const MOST_ROUNDS = 100;

let shared: Ground;
let told = 0;
beforeAll(() => {
  shared = ground(useStore());
});
afterAll(() => shared.close());

test('every step is done once, in order, and every workflow ends: whoever dies between any two acts, and while windows come and go', async () => {
  if (SEED !== undefined) return tell(Number(SEED));
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), tell), {
    numRuns: STORIES,
    // A story is its seed: no smaller number is a simpler one.
    endOnFailure: true,
  });
}, 240_000);

async function tell(seed: number): Promise<void> {
  const story = storyOf(seed);
  const random = new Random(seed + 1);
  const actors = new Actors(random);
  const world = new World(shared, story, `run-story0000000000${told++}`, actors, random);
  try {
    await live(world, story);
  } catch (error) {
    const kept = await readWorkflow(shared.store, world.address);
    const last = actors.log.slice(-80).join('\n');
    throw new Error(
      `story ${seed}: ${(error as Error).message}\n${JSON.stringify({ story, steps: kept?.steps, stop: kept?.stop }, sets)}\n${last}`,
      { cause: error },
    );
  }
}

const sets = (_: string, value: unknown) => (value instanceof Set ? [...value] : value);

async function live(world: World, story: Story): Promise<void> {
  const { random } = world;
  await world.ask();
  await disturbed(world, story, random.between(0, 300));
  await calm(world, story);
  const job = (await world.job())!;
  const outcome = await job.getState();
  if (story.cancelAfter === null) {
    const may = fates(story);
    if (!may.includes(outcome as 'completed'))
      throw new Violation(`it is ${outcome}, not ${may.join(' or ')}`);
  }
  await looksLikeIt(world, story, outcome);
  if (outcome === 'completed') return;
  await world.retry();
  await disturbed(world, { ...story, cancelAfter: null }, random.between(0, 200));
  for (const { name } of story.signals) await world.signal(name);
  await calm(world, story);
  const again = await (await world.job())!.getState();
  if (!signalsMayFail(story) && again !== 'completed') throw new Violation(`after a retry it is ${again}`);
  await looksLikeIt(world, story, again);
}

async function disturbed(world: World, story: Story, acts: number): Promise<void> {
  const { random, actors } = world;
  for (let at = 0; at < acts; at++) {
    for (const signal of story.signals) if (signal.after === at) await world.signal(signal.name);
    if (story.cancelAfter === at) await world.cancel();
    switch (random.weighted({ act: 60, begin: 20, strike: 1.5, gate: 2, time: 1.5 })) {
      case 'begin':
        world.beginOne();
        break;
      case 'strike':
        await world.strikeOne();
        break;
      case 'gate':
        world.open = !world.open;
        break;
      case 'time':
        await world.passTime();
        break;
      default:
        await actors.next();
    }
  }
  world.open = true;
}

/** Nobody dies any more: it comes to its end, and with it all of its runs. */
async function calm(world: World, story: Story): Promise<void> {
  const { actors } = world;
  for (const { name } of story.signals) await world.signal(name);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    for (let acts = 0; acts < 40; acts++) {
      world.beginOne();
      await actors.next();
    }
    while (!actors.idle) await actors.next();
    if (await isQuiet(world)) return;
    await world.passTime();
  }
  throw new Violation('it does not end');
}

async function isQuiet(world: World): Promise<boolean> {
  const { redis, keys } = shared.store;
  if (!(await world.job())?.finishedOn) return false;
  const lists = await Promise.all(['wait', 'active'].map(name => redis.llen(keys.job(QUEUE, name))));
  // Who died before it had tidied up is followed by another, who finds it in the agenda.
  const sets = [keys.agenda(APP), keys.job(QUEUE, 'prioritized')];
  const sizes = await Promise.all(sets.map(key => redis.zcard(key)));
  return [...lists, ...sizes].every(length => length === 0);
}

/** What it left behind fits to how it ended. */
async function looksLikeIt(world: World, story: Story, outcome: string): Promise<void> {
  const { redis, keys } = shared.store;
  const kept = await readWorkflow(shared.store, world.address);
  // It was cancelled before it had begun.
  if (!kept) return expect([story.cancelAfter !== null, outcome]).toEqual([true, 'failed']);
  for (const key of [keys.workflow(QUEUE, world.jobId), keys.workflowResults(QUEUE, world.jobId)])
    expect(await redis.pttl(key), 'it goes in time').not.toBe(-1);
  const marks = await redis.hgetall(keys.workflowResults(QUEUE, world.jobId));
  expect(await redis.scard(keys.liveWorkflows(QUEUE))).toBe(0);
  expect(await redis.zcard(keys.job(QUEUE, 'delayed'))).toBe(0);
  for (const step of story.graph.steps.filter(({ kind }) => kind === 'job')) {
    const { state, count, left } = kept.steps[step.name]!;
    if (state === 'skipped' || count === null) continue;
    expect(left, step.name).toBe(0);
    for (let place = 0; place < count; place++) {
      const index = step.each ? place : null;
      const field = fieldOf(step.name, index);
      const mark = marks[field]?.[0];
      const times = world.computed.get(partRunId(world.address, step.name, index)) ?? 0;
      expect(mark, field).toBeDefined();
      if (mark !== '~') expect(times, field).toBeGreaterThan(0);
      if (outcome === 'completed' && step.onFailure === 'stop') expect(mark, field).toBe('=');
    }
  }
  if (outcome !== 'completed') return;
  const { returnvalue } = (await world.job())!;
  const last = lastSteps(story.graph).map(({ name }) => name);
  expect(Object.keys(returnvalue).every(name => last.includes(name))).toBe(true);
  for (const step of lastSteps(story.graph)) {
    const { state, count } = kept.steps[step.name]!;
    if (step.kind !== 'job' || state !== 'done') continue;
    expect(returnvalue[step.name]).toBe(step.each ? count : `done ${step.name}`);
  }
}

/** How it may end if nobody cancels it. */
function fates(story: Story): ('completed' | 'failed')[] {
  const { graph, steps } = story;
  const skipped = new Set<string>();
  let fails = false;
  for (const step of graph.steps) {
    const { verdict, fails: places } = steps[step.name]!;
    if (step.after.length > 0 && step.after.every(name => skipped.has(name))) skipped.add(step.name);
    else if (verdict === 'skip') skipped.add(step.name);
    else if (step.onFailure === 'stop' && (verdict === 'failed' || places.size > 0)) fails = true;
  }
  if (fails) return ['failed'];
  return signalsMayFail(story) ? ['completed', 'failed'] : ['completed'];
}

const signalsMayFail = ({ graph }: Story): boolean =>
  graph.steps.some(
    ({ kind, timeoutMs, onFailure }) => kind === 'signal' && timeoutMs !== null && onFailure === 'stop',
  );
