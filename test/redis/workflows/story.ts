import type { StepKind, StepManifest } from '../../../src/model/workflow.js';
import { Random } from '../../simulation/random.js';
import { INNER, nextRelease, type Release, releaseOf } from './releases.js';

/** What the code says of a step, and what its runs come to. Every release says the same, and each in words of its own. */
export interface StepStory {
  verdict: 'run' | 'skip' | 'failed';
  count: number;
  /** Places of the runs that fail, until somebody mends the code. */
  fails: Set<number>;
  /** So often may each of its runs yield. */
  chances: number;
  /** Of a wait with `until`: ms from when it is asked; none where it has a `for`. */
  untilMs?: number;
}

/** A workflow run and all that is known of it before it begins. */
export interface Story {
  seed: number;
  /** The first one runs when the story begins. */
  releases: Release[];
  steps: Record<string, StepStory>;
  /** Of the workflow and so of its runs; 0: none. Those that have one are not enqueued in one act with what is kept of them. */
  priority: number;
  /** So many acts pass before it is asked for, or it is as soon as two releases run at once. */
  askAfter: number | 'side by side';
  /** Signals that somebody sends, and how many acts pass before. */
  signals: { name: string; after: number }[];
  /** A person cancels it after so many acts. */
  cancelAfter: number | null;
  /** Acts before all goes well. */
  disturbedFor: number;
  /** How often hosts die or stand still. */
  harm: number;
  /** How often somebody retries it where it has failed, mended or not, while all else goes on. */
  retries: number;
  /** How often time passes. */
  time: number;
  /** The share of windows that go host by host. */
  rolling: number;
  /** Of these a share of the new runs goes first. */
  isCanary: boolean;
  /** The share of answers of Redis that are lost. */
  lost: number;
}

const LATER = 60_000;

export function storyOf(seed: number): Story {
  const random = new Random(seed);
  // What has come later has a chance of its own, so that a seed still tells what it did.
  const more = new Random(seed + 0.5);
  const isCalm = random.chance(0.4);
  const steps: Record<string, StepStory> = {};
  const hasInner = more.chance(0.5);
  const newStep = (name: string, mayComeAfter: string[], isOuter = true): StepManifest => {
    const after = mayComeAfter.filter(() => random.chance(0.4));
    let kind: StepKind = random.weighted({ job: 8, wait: 1, signal: isOuter ? 1 : 0 });
    const each = kind === 'job' && random.chance(0.4);
    if (isOuter && hasInner && kind === 'job' && more.chance(0.3)) kind = 'workflow';
    const when = !isCalm && random.chance(0.15);
    steps[name] = stepStory(random, { kind, each, when, isCalm });
    const isUntil = kind === 'wait' && more.chance(0.5);
    if (isUntil) Object.assign(steps[name], untilStory(more, isCalm));
    return stepOf(name, kind, {
      after,
      each,
      when,
      onFailure: random.chance(0.4) ? 'continue' : 'stop',
      ...(kind === 'wait' && { waitMs: isUntil ? null : random.pick([0, LATER]) }),
      ...(kind === 'signal' && { timeoutMs: random.pick([null, LATER]) }),
    });
  };
  const graphOf = (size: number, letter: string, isOuter: boolean) => {
    const graph: StepManifest[] = [];
    const names = () => graph.map(({ name }) => name);
    for (let i = 0; i < size; i++) graph.push(newStep(`${letter}${i}`, names(), isOuter));
    return graph;
  };
  const graph = graphOf(random.between(1, 7), 's', true);
  const inner = hasInner ? graphOf(more.between(1, 3), 'i', false) : [];
  const innerOf = (before: Release, name: string) => {
    if (!hasInner || more.chance(0.6)) return before.inner;
    steps[name] = { verdict: 'run', count: 1, fails: new Set(), chances: 2 };
    return [...inner, stepOf(name, 'job', { after: more.chance(0.5) ? [inner[0]!.name] : [] })];
  };
  const first = releaseOf('r1', 'first', graph, inner);
  const second = nextRelease(first, 'r2', random, newStep, innerOf(first, 'ir2'));
  const either = random.pick([first, second]);
  const releases = [first, second, nextRelease(either, 'r3', random, newStep, innerOf(either, 'ir3'))];
  const all = new Map(releases.flatMap(release => release.steps).map(step => [step.name, step]));
  const signals = [...all.values()]
    .filter(({ kind, timeoutMs }) => kind === 'signal' && (timeoutMs === null || random.chance(0.7)))
    .map(({ name }) => ({ name, after: random.between(0, 400) }));
  return {
    seed,
    releases,
    steps,
    priority: random.pick([0, 0, 2]),
    askAfter: random.pick([0, 0, random.between(0, 400)]),
    signals,
    cancelAfter: !isCalm && random.chance(0.15) ? random.between(1, 500) : null,
    disturbedFor: random.between(0, 1500),
    harm: random.pick([0, 0.3, 1]),
    retries: more.pick([0, 0, 3]),
    time: 1.5,
    rolling: random.pick([0, 0.3, 1]),
    isCanary: more.chance(0.5),
    lost: random.pick([0, 0, 0.01, 0.05]),
  };
}

/** An instant that is over already, or to come; or the code fails where it is asked for it. */
function untilStory(random: Random, isCalm: boolean): Partial<StepStory> {
  const untilMs = random.pick([-LATER, LATER]);
  return { untilMs, ...(!isCalm && random.chance(0.1) && { verdict: 'failed' }) };
}

function stepStory(
  random: Random,
  { kind, each, when, isCalm }: { kind: StepKind; each: boolean; when: boolean; isCalm: boolean },
): StepStory {
  const count = each ? random.pick([0, 1, 2, 3, 5]) : 1;
  const hasFault = !isCalm && kind === 'job' && random.chance(0.25);
  const places = Array.from({ length: count }, (_, place) => place);
  const fails = new Set(hasFault ? places.filter(() => random.chance(0.5)) : []);
  const verdict = when ? 'skip' : !isCalm && kind === 'job' && random.chance(0.05) ? 'failed' : 'run';
  return { verdict, count, fails, chances: random.pick([0, 2, 6, 15]) };
}

export function stepOf(name: string, kind: StepKind, more: Partial<StepManifest> = {}): StepManifest {
  return {
    name,
    kind,
    runs: kind === 'job' ? 'job' : kind === 'workflow' ? INNER : null,
    after: [],
    each: false,
    when: false,
    payload: false,
    onFailure: 'stop' as const,
    attempts: null,
    backoff: null,
    timeoutMs: null,
    waitMs: null,
    signalSchema: kind === 'signal' ? {} : null,
    ...more,
  };
}
