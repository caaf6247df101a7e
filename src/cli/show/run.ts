import type { Run, RunState } from '../../model/run.js';
import { formatDuration } from '../../platform/duration.js';
import { printable } from '../../platform/printable.js';
import { runGraphLines } from './run-graph.js';
import type { Style } from './style.js';
import { facts, table } from './table.js';
import { brief, bytes, line, when } from './text.js';

const COLOURS: Partial<Record<RunState, 'green' | 'red' | 'yellow' | 'cyan'>> = {
  completed: 'green',
  failed: 'red',
  parked: 'red',
  cancelled: 'yellow',
  running: 'cyan',
  yielded: 'cyan',
};

const ENDED = new Set<RunState>(['completed', 'failed', 'cancelled', 'parked']);
/** It does not go on by itself. */
export const isEnded = ({ state }: Pick<Run, 'state'>): boolean => ENDED.has(state);

export const stateText = (state: RunState, style: Style): string => style[COLOURS[state] ?? 'bold'](state);

/** @param empty what to say where there is none */
export function runsTable(runs: Run[], now: number, style: Style, empty: string): string {
  const columns = [
    { title: 'run', value: (run: Run) => run.id },
    { title: 'job', value: (run: Run) => run.job },
    { title: 'state', value: (run: Run) => stateText(run.state, style) },
    { title: 'attempt', value: (run: Run) => String(run.attempt), right: true },
    { title: 'progress', text: true, value: (run: Run) => progress(run) },
    { title: 'release', value: (run: Run) => run.release ?? '-' },
    { title: 'age', value: (run: Run) => formatDuration(Math.max(0, now - Date.parse(run.createdAt))) },
    // What did not go well, or waits, says why; a table of others has no such column.
    ...(runs.some(run => why(run) !== null)
      ? [{ title: 'why', text: true, value: (run: Run) => why(run) ?? '' }]
      : []),
  ];
  return table(runs, columns, style, empty);
}

function why({ state, parked, error, heldBy, cancelled }: Run): string | null {
  if (parked) return line(parked.reason, 80);
  if (cancelled) return line(`by ${cancelledBy(cancelled)}`, 80);
  if (state === 'failed' && error) return line(`${error.name}: ${error.message}`, 80);
  const [held] = heldBy;
  if (!held) return null;
  const by = held.window ? `window ${held.window}` : held.hold ? `hold ${held.hold}` : null;
  return line(by ? `${by}: ${held.reason}` : held.reason, 80);
}

const cancelledBy = ({ by, reason }: NonNullable<Run['cancelled']>): string =>
  reason ? `${by}: ${printable(reason)}` : by;

function progress({ progress: at }: Run): string {
  if (!at) return '-';
  const share = at.total
    ? `${at.done}/${at.total} (${Math.floor((at.done / at.total) * 100)} %)`
    : String(at.done);
  return at.note ? `${share} ${at.note}` : share;
}

export function runLines(run: Run, now: number, style: Style): string[] {
  const { checkpoint, parked, error } = run;
  const took =
    run.startedAt && run.finishedAt ? Date.parse(run.finishedAt) - Date.parse(run.startedAt) : null;
  return [
    `${style.bold(run.job)}  ${stateText(run.state, style)}  ${style.dim(run.id)}`,
    '',
    ...facts(
      [
        ['queue', `${run.queue} (app ${run.app})`],
        ['attempt', String(run.attempt)],
        ['payload', brief(run.payload, 200)],
        ['progress', run.progress ? progress(run) : null],
        ['checkpoint', checkpoint ? checkpointText(checkpoint, now) : null],
        ['release', run.release],
        ['host', run.host],
        ['created', when(run.createdAt, now)],
        ['started', run.startedAt ? when(run.startedAt, now) : null],
        ['last start', lastStart(run, now)],
        [
          run.state === 'parked' ? 'stopped' : 'finished',
          run.finishedAt
            ? `${when(run.finishedAt, now)}${took === null ? '' : `, after ${formatDuration(took)}`}`
            : null,
        ],
        [
          run.state === 'cancelled' ? 'cancelled' : 'told to end',
          run.cancelled && `${when(run.cancelled.at, now)} by ${cancelledBy(run.cancelled)}`,
        ],
        ['due', run.scheduledFor],
        ...run.heldBy.map((by): [string, string] => [
          'held by',
          `${by.window ?? by.hold ?? 'limit'}: ${by.reason}${by.until ? `, until ${by.until}` : ''}`,
        ]),
        ['result', run.state === 'completed' ? brief(run.result, 1_000) : null],
      ],
      style,
      '  ',
    ),
    ...(error
      ? ['', `  ${style.red(`${error.name}: ${error.message}`)}`, ...stackLines(error.stack, style)]
      : []),
    ...(run.steps ? ['', ...runGraphLines(run.steps, now, style), ...partsHint(run, style)] : []),
    ...(parked ? ['', `  ${style.red('parked')}: ${parked.reason}`, ...choices(run, style)] : []),
  ];
}

/** Where it was started more than once. A workflow run computes nothing: it is claimed to begin and to end. */
function lastStart(
  { startedAt, lastStartedAt, host, fence, crashes, steps }: Run,
  now: number,
): string | null {
  if (!lastStartedAt || lastStartedAt === startedAt || steps) return null;
  const after = crashes > 0 ? `, after its worker died (${crashes} times since it last advanced)` : '';
  return `${when(lastStartedAt, now)} on ${host ?? '?'}, fence ${fence}${after}`;
}

const checkpointText = (
  { version, bytes: size, savedAt, count }: NonNullable<Run['checkpoint']>,
  now: number,
): string =>
  [
    version === null ? 'cursors only' : `version ${version}`,
    bytes(size),
    `saved ${when(savedAt, now)}`,
    `${count} times`,
  ].join(' · ');

const stackLines = (stack: string, style: Style): string[] =>
  stack
    .split('\n')
    .filter(line => /^\s+at /.test(line))
    .slice(0, 8)
    .map(line => style.dim(`    ${line.trim()}`));

/** A step says how many of its runs failed, and not which; one that a person has cancelled failed its step, too. */
function partsHint({ id, state, steps }: Run, style: Style): string[] {
  const failed = steps?.some(({ counts }) => (counts?.failed ?? 0) > 0);
  const hints = [
    ...(failed ? [`slackwater runs parts ${id} --state failed,cancelled`] : []),
    ...(state === 'failed' ? [`slackwater runs retry ${id} goes on from what failed`] : []),
  ];
  return hints.length > 0 ? ['', ...hints.map(hint => `  ${style.dim('→')} ${hint}`)] : [];
}

const choices = (run: Run, style: Style): string[] =>
  run.parked!.choices.map(
    choice => `  ${style.dim('→')} slackwater runs resume ${run.id} --choice ${choice}`,
  );
