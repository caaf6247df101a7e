import type { Run } from '../../model/run.js';
import { formatDuration } from '../../platform/duration.js';
import type { ServerEvent } from '../server-events.js';
import type { Style } from '../show/style.js';

/** What a run did, as one line; `null` for what is not worth one. */
export function jobLine({ type, data }: ServerEvent, style: Style): string | null {
  if (type !== 'run.state') return null;
  const { run, job, state, ms, error, reason } = data as Record<string, string | number | undefined> & {
    state: Run['state'];
    error?: { message?: string } | string;
  };
  const name = `${style.bold(String(job ?? '?'))} ${style.dim(String(run))}`;
  const took = typeof ms === 'number' ? ` in ${formatDuration(ms)}` : '';
  const why =
    (typeof error === 'string' ? error : (error as { message?: string } | undefined)?.message) ?? reason;
  switch (state) {
    case 'running':
      return `${name} started`;
    case 'completed':
      return `${name} ${style.green(`completed${took}`)}`;
    case 'failed':
    case 'parked':
      return `${name} ${style.red(state)}${took}${why ? `: ${why}` : ''} ${style.dim(`(slackwater runs show ${run})`)}`;
    case 'cancelled':
    case 'delayed':
      return `${name} ${style.yellow(state)}${why ? `: ${why}` : ''}`;
    default:
      return null;
  }
}
