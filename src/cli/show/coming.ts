import { wallTime } from '../../platform/time-zone.js';
import type { Style } from './style.js';
import { table } from './table.js';
import { timelineLines } from './timeline.js';

interface ComingFire {
  schedule: string;
  app: string;
  at: string;
  startsAt: string;
  window: string | null;
  skippedFor: string | null;
}

interface Stretch {
  id: string;
  app: string | null;
  from: string;
  to: string;
  reason: string;
}

/** Of one schedule among several. */
const MOST_LISTED = 3;
const MORE = '… and more: slackwater schedules next NAME, or --limit';

/** What is to come, as the API answers it. */
export interface Coming {
  items: ComingFire[];
  nextCursor: string | null;
  from: string;
  to: string;
  windows: Stretch[];
  freezes: Stretch[];
}

export interface ComingOptions {
  timezone: string;
  /** Of the screen. */
  width: number;
  /** So many are listed below the picture. */
  limit: number;
  /** So many were asked for of each schedule. */
  each: number;
}

/** The coming fires as a picture against windows and freezes, and the first of them as a list. */
export function comingLines(coming: Coming, options: ComingOptions, style: Style): string[] {
  const { items, windows, freezes } = coming;
  const { timezone, width, limit } = options;
  const listed = firstOfEach(items);
  if (items.length === 0) return [style.dim(`no fire before ${clock(coming.to, timezone)}`)];
  // Beyond the last fire that was told nothing is known.
  const to = coming.nextCursor === null ? coming.to : items.at(-1)!.at;
  const stretch = ({ from, to: end }: { from: string; to: string }) => ({
    from: Date.parse(from),
    to: Date.parse(end),
  });
  const picture = {
    ...stretch({ from: coming.from, to }),
    rows: rowsOf(items, options.each),
    windows: windows.map(stretch),
    freezes: freezes.map(stretch),
    timezone,
    width,
  };
  return [
    ...timelineLines(picture, style),
    '',
    style.dim(
      `• one fire, 2 to 9 so many, + more, → and so on, × skipped · ${timezone}, until ${clock(to, timezone)}`,
    ),
    ...windows.map(each => windowLine('window', each, timezone, style)),
    ...freezes.map(each => windowLine('freeze', each, timezone, style)),
    '',
    ...listOf(listed.slice(0, limit), options, style).split('\n'),
    ...(listed.length > limit || listed.length < items.length ? [style.dim(MORE)] : []),
  ];
}

/** Of several schedules the first few of each: one that fires every second is not to hide all others. */
function firstOfEach(items: ComingFire[]): ComingFire[] {
  const seen = new Map<string, number>();
  const listed = items.filter(({ app, schedule }) => {
    const count = (seen.get(`${app}/${schedule}`) ?? 0) + 1;
    seen.set(`${app}/${schedule}`, count);
    return count <= MOST_LISTED;
  });
  return seen.size > 1 ? listed : items;
}

function rowsOf(items: ComingFire[], each: number) {
  const several = new Set(items.map(({ app }) => app)).size > 1;
  const rows = new Map<string, ComingFire[]>();
  for (const fire of items) {
    const name = several ? `${fire.app}/${fire.schedule}` : fire.schedule;
    rows.set(name, [...(rows.get(name) ?? []), fire]);
  }
  return [...rows].map(([name, fires]) => ({
    name,
    more: fires.length >= each,
    fires: fires.map(({ at, window, skippedFor }) => ({
      at: Date.parse(at),
      inWindow: window !== null,
      skipped: skippedFor !== null,
    })),
  }));
}

function windowLine(
  kind: string,
  { id, app, from, to, reason }: Stretch,
  timezone: string,
  style: Style,
): string {
  const colour = kind === 'window' ? style.cyan : style.yellow;
  return `${colour(kind)}  ${clock(from, timezone)} to ${clock(to, timezone)}  ${app ?? 'all apps'}  ${reason}  ${style.dim(id)}`;
}

function listOf(items: ComingFire[], { timezone }: ComingOptions, style: Style): string {
  const columns = [
    { title: 'at', value: ({ at }: ComingFire) => clock(at, timezone) },
    { title: 'schedule', value: ({ schedule }: ComingFire) => schedule },
    { title: 'app', value: ({ app }: ComingFire) => app },
    { title: '', text: true, value: (fire: ComingFire) => noteOf(fire, style) },
  ];
  return table(items, columns, style);
}

function noteOf({ window, skippedFor }: ComingFire, style: Style): string {
  if (skippedFor !== null) return style.dim(`skipped: ${skippedFor}`);
  return window === null ? '' : style.yellow(`may be held by ${window}`);
}

/** `2030-01-31 02:30:00`, by the clock of the zone. */
const clock = (at: string, timezone: string): string =>
  new Date(wallTime(timezone, Date.parse(at))).toISOString().slice(0, 19).replace('T', ' ');
