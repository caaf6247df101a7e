import type { Fate, Fire, SchedulesDiff } from '../../model/schedule.js';
import { fateText } from './fate.js';
import { padEnd, type Style } from './style.js';
import { brief, plural } from './text.js';

const SHOWN = 10;

/** The fires that a window would hold, for one line. @param more there are others that the plan does not name. */
export function comingText(fires: Fire[], more = false): string | null {
  if (fires.length === 0) return null;
  const schedules = [...new Set(fires.map(({ schedule }) => schedule))];
  const named = schedules.slice(0, 3).join(', ') + (schedules.length > 3 ? ', …' : '');
  return `${plural(fires.length, 'fire')}${more ? ' and more' : ''} of ${plural(schedules.length, 'schedule')} would fall in, were all its time taken (${named}, from ${fires[0]!.at})`;
}

/** How the schedules change with the release, a line each. */
export function diffLines(diff: SchedulesDiff | undefined, style: Style): string[] {
  if (!diff) return [];
  const lines = [
    ...diff.added.map(name => `${style.green('+')} ${name}`),
    ...diff.removed.map(name => `${style.red('-')} ${name}`),
    ...diff.changed.map(({ schedule, fields }) => {
      const changes = fields.map(({ field, from, to }) => `${field} ${brief(from, 30)} → ${brief(to, 30)}`);
      return `${style.yellow('~')} ${schedule}  ${style.dim(changes.join(', '))}`;
    }),
  ];
  if (lines.length === 0) return [];
  const more = lines.length - 2 * SHOWN;
  return [
    '',
    `  ${style.bold('schedules')}`,
    ...lines.slice(0, 2 * SHOWN).map(line => `    ${line}`),
    ...(more > 0 ? [style.dim(`    … and ${more} more`)] : []),
  ];
}

const ORDER: Fate[] = ['held', 'late', 'ran', 'coalesced', 'skipped'];

/** What became of the fires that a window held: the figures, and the first of them. */
export function heldFireLines(fires: Fire[], style: Style): string[] {
  if (fires.length === 0) return [];
  const counts = ORDER.flatMap(fate => {
    const count = fires.filter(fire => fire.fate === fate).length;
    return count > 0 ? [`${count} ${fate === 'held' ? 'still held' : fate}`] : [];
  });
  const width = Math.max(...fires.slice(0, SHOWN).map(({ schedule }) => schedule.length));
  const more = fires.length - SHOWN;
  return [
    '',
    `  ${style.bold('fires')}  ${plural(fires.length, 'fire')} fell in: ${counts.join(', ')}`,
    ...fires
      .slice(0, SHOWN)
      .map(
        ({ schedule, at, fate, reason }) =>
          `    ${padEnd(schedule, width)}  ${at}  ${padEnd(fateText(fate, style), 9)}  ${style.dim(reason)}`,
      ),
    ...(more > 0 ? [style.dim(`    … and ${plural(more, 'more fire')}`)] : []),
  ];
}
