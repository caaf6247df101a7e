import type { Logger } from '../platform/logger.js';
import type { EngineEvent } from '../window/engine.js';

type Step = Extract<EngineEvent, { type: 'step' }>;

/** One line for each step of a window: where it is now, and why. */
export function tellStep(logger: Logger, step: Step): void {
  const { window, from, because } = step;
  const { id, app, phase, outcome } = window;
  const where = phase === 'done' ? (outcome ?? 'done') : phase;
  const what = phase === from && phase !== 'done' ? '' : ` is ${where}`;
  const hint = outcome === 'held' ? `: "slackwater window show ${id}" gives the choices` : '';
  logger[levelOf(step)]({ window: id, from, to: phase }, `window ${id} of ${app}${what}: ${because}${hint}`);
}

/** What somebody may have to look at is told by default, and what waits for a person loudest. */
function levelOf({ window, from }: Step): 'info' | 'warn' | 'error' {
  if (window.phase !== 'done' || from === 'done') return 'info';
  if (window.outcome === 'held') return 'error';
  return window.outcome === 'completed' || window.outcome === 'cancelled' ? 'info' : 'warn';
}
