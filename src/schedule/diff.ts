import { isDeepStrictEqual } from 'node:util';
import type { Schedule, SchedulesDiff } from '../model/schedule.js';
import { timesKey } from './times.js';

/** How a set of schedules becomes another one. Pure. */
export function diffSchedules(before: Schedule[], after: Schedule[]): SchedulesDiff {
  const old = new Map(before.map(schedule => [schedule.job, schedule]));
  const kept = new Set(after.map(({ job }) => job));
  const changed = after.flatMap(schedule => {
    const former = old.get(schedule.job);
    const fields = former ? changedFields(former, schedule) : [];
    return fields.length > 0 ? [{ schedule: schedule.job, fields }] : [];
  });
  return {
    added: namesOf(after.filter(({ job }) => !old.has(job))),
    removed: namesOf(before.filter(({ job }) => !kept.has(job))),
    changed: changed.sort((a, b) => (a.schedule < b.schedule ? -1 : 1)),
  };
}

const namesOf = (schedules: Schedule[]): string[] => schedules.map(({ job }) => job).sort();

/** Whether it fires at other times than before: then it has no past. */
export const isRetimed = (before: Schedule, after: Schedule): boolean => timesKey(before) !== timesKey(after);

function changedFields(before: Schedule, after: Schedule): SchedulesDiff['changed'][number]['fields'] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Schedule)[];
  return names
    .filter(field => !isDeepStrictEqual(before[field], after[field]))
    .map(field => ({ field, from: before[field] ?? null, to: after[field] ?? null }));
}
