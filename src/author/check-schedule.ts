import { isDayOrYearly } from '../platform/days.js';
import { checkChoice, checkCount, checkDuration, refuseUnknown } from './checks.js';
import { type Fault, isRecord } from './fault.js';

const OPTIONS = [
  'cron',
  'timezone',
  'missed',
  'overlap',
  'payload',
  'jitter',
  'startsAt',
  'endsAt',
  'except',
  'maxMissed',
  'maxAge',
];
const DAY_MS = 86_400_000;
const MOST_MISSED = 1_000;
const MOST_DAYS = 1_000;

/** The shape of a schedule only: cron and zone are understood by the builder, whose library need not be linked into every release. */
export function checkSchedule(schedule: unknown, fault: Fault): void {
  if (!isRecord(schedule) || typeof schedule.cron !== 'string')
    return fault('/schedule', 'schedule must be { cron: "30 2 * * *", timezone: "Europe/Berlin", … }');
  const { timezone, missed, overlap, jitter, maxMissed, maxAge, except } = schedule;
  refuseUnknown(schedule, OPTIONS, 'schedule.', fault);
  if (timezone !== undefined && typeof timezone !== 'string')
    fault('/schedule/timezone', 'schedule.timezone must be the name of a time zone, such as "Europe/Berlin"');
  checkChoice(missed, 'schedule.missed', ['latest', 'all', 'skip'], fault);
  checkChoice(overlap, 'schedule.overlap', ['skip', 'queue', 'replace'], fault);
  if (jitter !== undefined && (checkDuration(jitter, 'schedule.jitter', fault) ?? 0) > DAY_MS)
    fault('/schedule/jitter', 'schedule.jitter must be at most one day');
  if (maxAge !== undefined && checkDuration(maxAge, 'schedule.maxAge', fault) === 0)
    fault(
      '/schedule/maxAge',
      'schedule.maxAge must be longer than 0: say missed: "skip" where no missed fire shall run',
    );
  if (maxMissed !== undefined) checkMaxMissed(maxMissed, fault);
  checkSpan(schedule, fault);
  if (except !== undefined) checkExcept(except, fault);
}

function checkMaxMissed(maxMissed: unknown, fault: Fault): void {
  checkCount(maxMissed, 'schedule.maxMissed', fault);
  if (Number(maxMissed) > MOST_MISSED)
    fault('/schedule/maxMissed', `schedule.maxMissed must be at most ${MOST_MISSED}`);
}

function checkSpan(schedule: Record<string, unknown>, fault: Fault): void {
  const [from, to] = (['startsAt', 'endsAt'] as const).map(field => {
    const time = schedule[field];
    if (time === undefined) return null;
    const isTime = typeof time === 'string' && /^\d{4}-.*T.*(Z|[+-]\d\d:?\d\d)$/.test(time);
    const instant = isTime ? Date.parse(time) : Number.NaN;
    if (!Number.isNaN(instant)) return instant;
    fault(
      `/schedule/${field}`,
      `schedule.${field} ${JSON.stringify(time)} is no time with a zone: write "2026-01-31T00:00:00Z" or "2026-01-31T00:00:00+01:00"`,
    );
    return null;
  });
  if (from != null && to != null && to <= from)
    fault('/schedule/endsAt', 'schedule.endsAt must be later than schedule.startsAt');
}

function checkExcept(except: unknown, fault: Fault): void {
  if (!Array.isArray(except) || except.length > MOST_DAYS)
    return fault(
      '/schedule/except',
      `schedule.except must be a list of at most ${MOST_DAYS} days: ["2026-12-25", "01-01"]`,
    );
  for (const [i, day] of except.entries())
    if (typeof day !== 'string' || !isDayOrYearly(day))
      fault(
        `/schedule/except/${i}`,
        `schedule.except: ${JSON.stringify(day)} is no day: write "2026-12-25", or "12-25" for every year`,
      );
}
