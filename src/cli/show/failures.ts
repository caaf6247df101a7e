import type { Report } from '../../model/window.js';
import { printable } from '../../platform/printable.js';
import type { Style } from './style.js';

const LISTS = { failed: 'failed for good', delayed: 'waiting to be tried again, if any', parked: 'parked' };

/** The first that failed or were parked, and the commands that list them all. */
export function failureLines(report: Report, style: Style): string[] {
  const { app, watch, runs, failures: first = [] } = report;
  const has = (state: 'failed' | 'parked') => first.some(each => each.state === state);
  const attempts = Math.max(runs.failed, watch?.new.failed ?? 0);
  const states: (keyof typeof LISTS)[] = [
    ...(has('failed') || attempts > 0 ? (['failed'] as const) : []),
    // Each attempt that failed is counted: where no more are than failed for good, none is tried again.
    ...(attempts > first.filter(each => each.state === 'failed').length ? (['delayed'] as const) : []),
    ...(has('parked') || runs.parked + (watch?.new.parked ?? 0) > 0 ? (['parked'] as const) : []),
  ];
  if (states.length === 0) return [];
  return [
    `  ${style.red('failed or parked')}`,
    ...first.map(
      ({ job, run, state, error }) => `    ${style.bold(job)}  ${run}  ${state}: ${firstLine(error)}`,
    ),
    ...states.map(state => {
      // What is tried again has not ended.
      const which = state === 'delayed' ? `--app ${app}` : `--window ${report.window}`;
      return style.dim(`    ${LISTS[state]}: slackwater runs ls ${which} --state ${state}`);
    }),
  ];
}

const firstLine = (text: string): string => printable(text.split(/\r?\n/).find(line => line.trim()) ?? '');
