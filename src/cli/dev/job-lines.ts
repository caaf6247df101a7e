import type { Run, RunState } from '../../model/run.js';
import { formatDuration } from '../../platform/duration.js';
import type { Client } from '../client.js';
import { stateText } from '../show/run.js';
import type { Style } from '../show/style.js';

const TOLD = new Set<RunState>(['completed', 'failed', 'parked', 'cancelled', 'delayed']);
/** Runs looked up at once for their time and error; in a flood of short runs the others are told without. */
const LOOK_UPS = 8;

/** What came of a run, as one line; `null` for what is not worth one. */
export function jobLine(run: Pick<Run, 'id' | 'job' | 'state'> & Partial<Run>, style: Style): string | null {
  const { id, job, state, startedAt, finishedAt, error, parked, attempt } = run;
  if (!TOLD.has(state)) return null;
  const took =
    startedAt && finishedAt ? ` in ${formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))}` : '';
  const why = parked?.reason ?? (error ? `${error.name}: ${error.message}` : null);
  const next = state === 'delayed' ? ` (attempt ${attempt ?? '?'} follows)` : '';
  return [
    `${style.bold(job)} ${style.dim(id)} ${stateText(state, style)}${took}${next}${why ? `: ${why}` : ''}`,
    state === 'failed' || state === 'parked' ? style.dim(`(slackwater runs show ${id})`) : '',
  ]
    .filter(Boolean)
    .join(' ');
}

/** Tells of the runs that events name. */
export function tellRuns(client: Client, style: Style, say: (line: string) => void) {
  let looking = 0;
  return async (event: Record<string, unknown>): Promise<void> => {
    const { run: id, job, state } = event as { run: string; job: string; state: RunState };
    if (!TOLD.has(state)) return;
    let run: Parameters<typeof jobLine>[0] = { id, job, state };
    if (looking < LOOK_UPS) {
      looking += 1;
      run = await client.get<Run>(`/v1/runs/${encodeURIComponent(id)}`).catch(() => run);
      looking -= 1;
    }
    // By now it may be further on; what is told is what happened.
    const line = jobLine({ ...run, state }, style);
    if (line) say(line);
  };
}
