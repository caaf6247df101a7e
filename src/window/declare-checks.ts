import type { Release } from '../model/release.js';
import type { Watch } from '../model/window.js';
import { formatDuration } from '../platform/duration.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { describe } from '../platform/field-errors.js';
import { type TaskLimits, taskFaults } from './declare-tasks.js';
import type { WindowInput } from './window-input.js';

/** How far in the past a start may lie and still mean "now": clocks of clients differ, ms. */
const TOLERANCE_MS = 5_000;

/**
 * Checks what the shape of a request cannot say; all faults are told at once.
 * @throws SlackwaterError `invalid-body` with a pointer for each fault.
 */
export function checkFields(input: WindowInput, release: Release, now: number, limits: TaskLimits): void {
  const errors = [
    ...appFaults(input, release),
    ...startFaults(input, now),
    ...strategyFaults(input),
    ...timeFaults(input),
    ...taskFaults(input, release, limits),
  ];
  if (errors.length === 0) return;
  throw new SlackwaterError('invalid-body', `this window cannot be declared: ${describe(errors)}`, errors);
}

function appFaults({ app }: WindowInput, release: Release): FieldError[] {
  if (app === undefined || app === release.app) return [];
  const detail = `is ${app}, but release ${release.id} belongs to app ${release.app}: leave it out, or name a release of ${app}`;
  return [{ pointer: '/app', detail }];
}

function startFaults({ startsAt }: WindowInput, now: number): FieldError[] {
  if (startsAt === undefined) return [];
  const at = Date.parse(startsAt);
  if (Number.isNaN(at)) return [{ pointer: '/startsAt', detail: 'must be a time in ISO 8601' }];
  if (at >= now - TOLERANCE_MS) return [];
  const detail = `is in the past (${startsAt}; it is ${new Date(now).toISOString()}): leave it out to start now`;
  return [{ pointer: '/startsAt', detail }];
}

function strategyFaults({ strategy = 'window', rolling, canary }: WindowInput): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries({ rolling, canary }))
    if (value && strategy !== name)
      errors.push({
        pointer: `/${name}`,
        detail: `is for strategy ${name}, and this one is ${strategy}: set "strategy" to "${name}", or leave it out`,
      });
  for (const [i, step] of (canary?.steps ?? []).entries()) {
    const before = canary!.steps[i - 1] ?? 0;
    if (!(step > before && step <= 1))
      errors.push({
        pointer: `/canary/steps/${i}`,
        detail: `must be more than ${before * 100}% and at most 100%: steps rise`,
      });
  }
  return errors;
}

/** What is sure to take its time has to fit into the whole. */
function timeFaults({ drainTimeoutMs, maxDurationMs, watch, canary }: WindowInput): FieldError[] {
  const whole = formatDuration(maxDurationMs);
  if (drainTimeoutMs > maxDurationMs) {
    const detail = `${formatDuration(drainTimeoutMs)} (given, or the default) is longer than maxDuration (${whole}): shorten it, or give maxDuration more`;
    return [{ pointer: '/drainTimeout', detail }];
  }
  const parts: [pointer: string, ms: number, text: string][] = [
    ['/drainTimeout', drainTimeoutMs, `${formatDuration(drainTimeoutMs)} of draining`],
    ['/canary/step', canary ? canary.steps.length * canary.stepMs : 0, canaryText(canary)],
    ['/watch/duration', watch?.durationMs ?? 0, watchText(watch)],
  ];
  const taken = parts.filter(([, ms]) => ms > 0);
  if (taken.reduce((sum, [, ms]) => sum + ms, 0) <= maxDurationMs) return [];
  const texts = taken.map(([, , text]) => text).join(' and ');
  const detail = `does not fit: ${texts} are more than maxDuration (${whole}): give maxDuration more`;
  return [{ pointer: taken.at(-1)![0], detail }];
}

const watchText = (watch: Watch | null | undefined): string =>
  watch ? `${formatDuration(watch.durationMs)} of watch` : '';

const canaryText = (canary: WindowInput['canary']): string =>
  canary ? `${canary.steps.length} steps of ${formatDuration(canary.stepMs)}` : '';
