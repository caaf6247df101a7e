import { declaredTask, type Task, type TaskSign, taskKey } from '../model/task.js';
import type { Window } from '../model/window.js';
import type { Store } from './redis.js';

/** A sign of work lasts so long; it is renewed several times meanwhile. */
const WORKING_MS = 5_000;
const RESULT_MS = 24 * 3_600_000;

/** Which try of which hook or probe (`taskKey`). */
export interface TryAddress {
  window: string;
  task: string;
  attempt: number;
}

/** Tells how a try stands. Of work for 5 s; a result is kept a day, and the engine is told to look. Needs no lease: it is a fact, not a decision. */
export async function tellSign(
  { redis, keys }: Store,
  { window, task, attempt }: TryAddress,
  sign: TaskSign,
): Promise<void> {
  const working = sign.state === 'working';
  await redis.set(
    keys.taskSign(window, task, attempt),
    JSON.stringify(sign),
    'PX',
    working ? WORKING_MS : RESULT_MS,
  );
  if (!working) await redis.publish(keys.wake, JSON.stringify({ task: { window, task, attempt } }));
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

const signOf = (text: string | null): TaskSign | null => (text === null ? null : JSON.parse(text));

const unsigned = (window: Window, task: Task): TaskSign | null =>
  declaredTask(window, task).job ? { state: 'working' } : null;
