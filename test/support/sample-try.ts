import type { Hook, Probe, Task, TaskAction } from '../../src/model/task.js';
import type { Window } from '../../src/model/window.js';
import { type Try, tryOf } from '../../src/window/tasks/try.js';
import { iso, sampleWindow } from './window-samples.js';

interface Wanted {
  name?: string;
  kind?: Task['kind'];
  attempt?: number;
  timeoutMs?: number;
  /** When it was recorded, ms; default: now. */
  startedAt?: number;
}

/** A window in which this hook (or probe) has just been recorded as running. */
export function windowWith(action: TaskAction, wanted: Wanted & Partial<Window> = {}): Window {
  const { name = 'migrate', kind = 'hook', attempt = 1, timeoutMs = 30_000, startedAt, ...change } = wanted;
  const probe: Probe = { name, timeoutMs, ...action };
  const hook: Hook = { ...probe, when: 'before', attempts: 1, idempotent: false };
  const task: Task = {
    kind,
    name,
    when: kind === 'hook' ? 'before' : 'verify',
    state: 'running',
    attempt,
    startedAt: iso(startedAt ?? Date.now()),
    endedAt: null,
    run: null,
    output: '',
    error: null,
  };
  return sampleWindow({
    hooks: kind === 'hook' ? [hook] : [],
    probes: kind === 'probe' ? [probe] : [],
    tasks: [task],
    ...change,
  });
}

/** The try itself. */
export function sampleTry(action: TaskAction, wanted: Wanted = {}): Try {
  const window = windowWith(action, wanted);
  return tryOf(window, window.tasks[0]!);
}
