import { declaredTask, type Task, type TaskSign, taskKey } from '../model/task.js';
import type { Window } from '../model/window.js';
import { type Store, script } from './redis.js';

const signScript = script<number>('tell-sign', 1);

/** A sign of work lasts so long; it is renewed several times meanwhile. */
const WORKING_MS = 5_000;
const RESULT_MS = 24 * 3_600_000;

/** Which try of which hook or probe (`taskKey`). */
export interface TryAddress {
  window: string;
  task: string;
  attempt: number;
}

type Result = Exclude<TaskSign, { state: 'working' }>;

const keyOf = ({ keys }: Store, { window, task, attempt }: TryAddress) =>
  keys.taskSign(window, task, attempt);

const working = (by: string) => JSON.stringify({ state: 'working', by });

/**
 * Takes a try for whoever is about to begin it.
 * @param by names one server process. @returns whether it is theirs: `false` where another one has begun it, or it has ended.
 */
export async function beginSign(store: Store, of: TryAddress, by: string): Promise<boolean> {
  const taken = await signScript(store.redis, keyOf(store, of), working(by), WORKING_MS, '1');
  // A command whose answer was lost with the connection is sent again, and finds its own sign.
  return taken === 1 || (await store.redis.get(keyOf(store, of))) === working(by);
}

/** Tells for 5 more seconds that somebody works on a try. Needs no lease, as with `tellSign`: it is a fact, not a decision. */
export async function renewSign(store: Store, of: TryAddress, by: string): Promise<void> {
  await signScript(store.redis, keyOf(store, of), working(by), WORKING_MS, '0');
}

/** Tells how a try ended. It is kept a day, and the engine is told to look. */
export async function tellSign(store: Store, of: TryAddress, result: Result): Promise<void> {
  await signScript(store.redis, keyOf(store, of), JSON.stringify(result), RESULT_MS, '0');
  await store.redis.publish(store.keys.wake, JSON.stringify({ task: of }));
}

/**
 * The signs of the tasks of this window that run, by `taskKey`; `null`: there is none. A job without a sign counts as work: its run is looked after by
 * whoever leads, so it is not lost with the server that began it.
 */
export async function readSigns(
  { redis, keys }: Store,
  window: Window,
): Promise<Record<string, TaskSign | null>> {
  const running = window.tasks.filter(task => task.state === 'running');
  if (running.length === 0) return {};
  const texts = await redis.mget(running.map(task => keys.taskSign(window.id, taskKey(task), task.attempt)));
  return Object.fromEntries(
    running.map((task, i) => [taskKey(task), signOf(texts[i] ?? null) ?? unsigned(window, task)]),
  );
}

function signOf(text: string | null): TaskSign | null {
  const sign = text === null ? null : (JSON.parse(text) as TaskSign);
  return sign?.state === 'working' ? { state: 'working' } : sign;
}

const unsigned = (window: Window, task: Task): TaskSign | null =>
  declaredTask(window, task).job ? { state: 'working' } : null;
