import type { Task, TaskState } from '../../model/task.js';
import { formatDuration } from '../../platform/duration.js';
import { printable } from '../../platform/printable.js';
import { type Colour, padEnd, type Style } from './style.js';

const OUTPUT_LINES = 5;

const MARKS: Record<TaskState, [mark: string, colour: Colour]> = {
  pending: ['·', 'dim'],
  running: ['▸', 'cyan'],
  done: ['✓', 'green'],
  failed: ['✗', 'red'],
  unknown: ['?', 'yellow'],
  skipped: ['–', 'yellow'],
};

/** Hooks and probes with their states; under one that went wrong, the end of what it wrote. */
export function taskLines(tasks: Task[], now: number, style: Style): string[] {
  const width = (of: (task: Task) => string) => Math.max(...tasks.map(task => of(task).length));
  const [names, whens] = tasks.length > 0 ? [width(({ name }) => name), width(whenOf)] : [0, 0];
  return tasks.flatMap(task => {
    const [mark, colour] = MARKS[task.state];
    const line = `  ${style[colour](mark)} ${padEnd(task.name, names)}  ${style.dim(padEnd(whenOf(task), whens))}  ${stateOf(task, now)}`;
    return [line.trimEnd(), ...outputLines(task).map(text => style.dim(`      │ ${text}`))];
  });
}

const whenOf = ({ kind, when }: Task): string => (kind === 'probe' ? 'probe' : when);

/** What became of it, in a few words. */
function stateOf(task: Task, now: number): string {
  const { state, startedAt, endedAt, attempt, error, run } = task;
  const from = startedAt === null ? null : Date.parse(startedAt);
  const ms = from === null ? null : (endedAt === null ? now : Date.parse(endedAt)) - from;
  const took = ms === null ? '' : formatDuration(Math.max(0, ms));
  const tries = attempt > 1 ? `try ${attempt}` : '';
  const parts = {
    // One that is tried again says why.
    pending: [attempt > 0 ? `waits for its next try (${error ?? 'it failed'})` : ''],
    running: [took, tries, run ?? ''],
    done: [took, tries, run ?? ''],
    failed: [`failed: ${error ?? 'no reason given'}`, tries, run ?? ''],
    unknown: [`nobody knows whether it was done: ${error ?? 'no result came'}`, run ?? ''],
    skipped: ['passed over by a person'],
  };
  return parts[state].filter(Boolean).join(' · ');
}

/** What it wrote last, where it went wrong. */
export function outputLines({ state, output }: Task): string[] {
  if (state !== 'failed' && state !== 'unknown') return [];
  return output
    .split(/\r?\n/)
    .filter(line => line.trim() !== '')
    .map(printable)
    .slice(-OUTPUT_LINES);
}

/** A change of a task as one sentence, for logs; `null`: there is nothing to tell. */
export function taskChange(before: Task | undefined, task: Task, now: number): string | null {
  if (before?.state === task.state && before.attempt === task.attempt) return null;
  const name = `${task.kind} ${task.name}`;
  if (task.state === 'pending') return task.attempt > 0 ? `${name}: ${stateOf(task, now)}` : null;
  if (task.state === 'running') return task.attempt > 1 ? `${name}: try ${task.attempt}` : `${name} begins`;
  return `${name}: ${task.state === 'done' ? `done in ${stateOf(task, now)}` : stateOf(task, now)}`;
}
