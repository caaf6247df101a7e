import { instantOf, wallTime } from '../../platform/time-zone.js';
import { clip, padEnd, type Style, widthOf } from './style.js';

/** A stretch of time, ms. */
interface Span {
  from: number;
  to: number;
}

interface TimelineRow {
  name: string;
  /** When it fires, ms, the first first; whether that lies in a window, and whether it is known that it will be skipped. */
  fires: { at: number; inWindow: boolean; skipped: boolean }[];
  /** There are more behind these. */
  more: boolean;
}

export interface Timeline extends Span {
  rows: TimelineRow[];
  windows: Span[];
  freezes: Span[];
  /** Whose clock the times above are. */
  timezone: string;
  /** Columns of the screen. */
  width: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Between two times above the columns. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map(n => n * MINUTE),
  ...[1, 2, 3, 4, 6, 12].map(n => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364].map(n => n * DAY),
];
const LABEL_WIDTH = 7;
const MOST_NAME = 28;
const LEAST_COLUMNS = 20;

/** The coming fires of each schedule against windows and freezes: a line for each, a column for each piece of time. */
export function timelineLines(timeline: Timeline, style: Style): string[] {
  const { rows, windows, freezes, width } = timeline;
  const names = ['windows', 'freezes', ...rows.map(({ name }) => name)];
  const nameWidth = Math.min(MOST_NAME, Math.max(...names.map(widthOf)));
  const columns = Math.max(LEAST_COLUMNS, width - nameWidth - 2);
  const scale = new Scale(timeline, columns);
  const line = (name: string, text: string) =>
    `${padEnd(clip(name, nameWidth), nameWidth)}  ${text}`.trimEnd();
  return [
    line('', style.dim(axis(timeline, scale))),
    ...(windows.length > 0 ? [line(style.dim('windows'), style.cyan(spans(windows, scale, '█')))] : []),
    ...(freezes.length > 0 ? [line(style.dim('freezes'), style.yellow(spans(freezes, scale, '░')))] : []),
    ...rows.map(row => line(row.name, marks(row, windows, scale, style))),
  ];
}

class Scale {
  constructor(
    private readonly span: Span,
    readonly columns: number,
  ) {}

  /** The column of an instant; outside of the screen where it is outside of the time. */
  of(at: number): number {
    const { from, to } = this.span;
    return Math.floor(((at - from) / (to - from)) * this.columns);
  }

  /** The columns that a span covers, at least one where it is to be seen at all. */
  *covered({ from, to }: Span): Iterable<number> {
    const last = Math.min(this.columns - 1, Math.max(this.of(from), this.of(to - 1)));
    for (let column = Math.max(0, this.of(from)); column <= last; column++) yield column;
  }
}

function spans(list: Span[], scale: Scale, mark: string): string {
  const cells = Array.from({ length: scale.columns }, () => ' ');
  for (const span of list) for (const column of scale.covered(span)) cells[column] = mark;
  return cells.join('');
}

/** `•` for one, else how many there are in this piece of time; what lies in a window stands out, what is skipped does not. */
function marks({ fires, more }: TimelineRow, windows: Span[], scale: Scale, style: Style): string {
  const shaded = new Set(windows.flatMap(span => [...scale.covered(span)]));
  const cells = new Map<number, TimelineRow['fires']>();
  for (const fire of fires) {
    const column = scale.of(fire.at);
    if (column >= 0 && column < scale.columns) cells.set(column, [...(cells.get(column) ?? []), fire]);
  }
  const last = Math.max(-1, ...cells.keys());
  return Array.from({ length: scale.columns }, (_, column) => {
    const here = cells.get(column);
    if (here) return markOf(here, style);
    if (more && column > last) return style.green('→');
    return style.dim(shaded.has(column) ? '┆' : '·');
  }).join('');
}

function markOf(fires: TimelineRow['fires'], style: Style): string {
  const comes = fires.filter(({ skipped }) => !skipped);
  if (comes.length === 0) return style.dim('×');
  const mark = comes.length === 1 ? '•' : comes.length < 10 ? String(comes.length) : '+';
  return comes.some(({ inWindow }) => inWindow) ? style.yellow(mark) : style.green(mark);
}

/** Times at round distances, by the clock of the zone, each above its column. */
function axis({ from, to, timezone }: Timeline, scale: Scale): string {
  const perColumn = (to - from) / scale.columns;
  const step = STEPS.find(each => each >= perColumn * (LABEL_WIDTH + 1)) ?? STEPS.at(-1)!;
  const cells = Array.from({ length: scale.columns }, () => ' ');
  let end = 0;
  for (
    let wall = Math.ceil(wallTime(timezone, from) / step) * step;
    instantOf(timezone, wall) < to;
    wall += step
  ) {
    const column = scale.of(instantOf(timezone, wall));
    const label = labelOf(wall, step);
    // Where the clock is set forward two may be too close.
    if (column < end) continue;
    end = column + label.length;
    // One that would not fit is no help.
    if (end > scale.columns) break;
    for (const [i, letter] of [...label].entries()) cells[column + i] = letter;
  }
  return cells.join('');
}

/** The day where it begins, else the time of the day. */
function labelOf(wall: number, step: number): string {
  const [day = '', time = ''] = new Date(wall).toISOString().split('T');
  return `╷${step >= DAY || time.startsWith('00:00') ? day.slice(5) : time.slice(0, 5)}`;
}
