import { type Command, InvalidArgumentError } from 'commander';
import { isDay, isTimeWithZone } from '../../platform/days.js';
import { atOnce, duration, limit, name, person, zone } from '../arguments.js';
import { group, lazy, overHttp } from '../define.js';

const APP = ['--app <name>', 'of which app, where several have one of this name', name] as const;

/** What runs by itself: when, what became of it, and what is run again of the past. */
export function defineSchedules(program: Command): void {
  const schedules = group(program, 'schedules', 'What runs by itself, when, and what became of it.');
  overHttp(schedules.command('ls'), 'schedules ls')
    .description('List the schedules that apply, when each fires next, and what became of the last fire.')
    .option('--app <name>', 'of this app only', name)
    .action(lazy(async () => (await import('../actions/schedules.js')).ls));
  overHttp(schedules.command('show <name>'), 'schedules show flights.delays')
    .description('Show a schedule with all its rules.')
    .option(...APP)
    .action(lazy(async () => (await import('../actions/schedules.js')).show));
  overHttp(schedules.command('next [name]'), 'schedules next --for 12h')
    .description('Show the coming fires, of one schedule or of all, against windows and freezes.')
    .option('--app <name>', 'of this app only', name)
    .option('--for <duration>', 'how far to look ahead', duration, '24h')
    .option('--timezone <zone>', 'whose clock to show', zone, 'UTC')
    .option('--limit <n>', 'list at most this many below', limit, 20)
    .action(lazy(async () => (await import('../actions/schedules-next.js')).next));
  overHttp(schedules.command('fires [name]'), 'schedules fires flights.delays')
    .description(
      'Show what became of the latest fires, the newest first: ran, late, coalesced, skipped or held, and why.',
    )
    .option('--app <name>', 'of this app only', name)
    .option('--limit <n>', 'at most this many', limit, 20)
    .action(lazy(async () => (await import('../actions/schedules.js')).fires));
  overHttp(schedules.command('pause <name>'), 'schedules pause flights.delays --reason "the source is down"')
    .description(
      'Let it fire no more until it is resumed; a deploy does not change that. What falls due meanwhile is skipped.',
    )
    .option(...APP)
    .option('--reason <text>', 'why, for whoever wonders')
    .option('--as <name>', 'who you are, where the server has no tokens', person)
    .action(lazy(async () => (await import('../actions/schedules.js')).pause));
  overHttp(schedules.command('resume <name>'), 'schedules resume flights.delays')
    .description('Let it go on with the next fire.')
    .option(...APP)
    .option('--as <name>', 'who you are, where the server has no tokens', person)
    .action(lazy(async () => (await import('../actions/schedules.js')).resume));
  overHttp(schedules.command('fire <name>'), 'schedules fire flights.delays')
    .description('Fire it now, beside its times. No rule keeps this run from starting.')
    .option(...APP)
    .option('--as <name>', 'who you are, where the server has no tokens', person)
    .action(lazy(async () => (await import('../actions/schedules.js')).fire));
  defineBackfills(schedules);
}

function defineBackfills(schedules: Command): void {
  overHttp(
    schedules.command('backfill <name>'),
    'schedules backfill flights.delays --from 2026-01-01 --to 2026-01-31 --dry-run',
  )
    .description(
      'Run the past fires of a schedule, but for those that have run. It goes on after a deploy window and after a crash.',
    )
    .option(...APP)
    .requiredOption('--from <time>', 'from when: a day in the zone of the schedule, or a time', past)
    .option('--to <time>', 'until when, included: a day, or a time (default: now)', past)
    .option('--concurrency <n>', 'runs at once (default: 1)', atOnce)
    .option('--reverse', 'the newest first')
    .option('--again', 'also those that have run before')
    .option('--dry-run', 'say what it would run, and do nothing')
    .option('--wait', 'stay until it is over')
    .option('--as <name>', 'who you are, where the server has no tokens', person)
    .action(lazy(async () => (await import('../actions/backfills.js')).backfill));
  const backfills = group(schedules, 'backfills', 'Backfills that were asked for, and how far they are.');
  overHttp(backfills.command('ls'), 'schedules backfills ls')
    .description('List backfills, the newest first; those that are over are kept for 30 days.')
    .option('--app <name>', 'of this app only', name)
    .action(lazy(async () => (await import('../actions/backfills.js')).ls));
  overHttp(backfills.command('show <id>'), 'schedules backfills show bf-01j8…')
    .description('Show how far a backfill is.')
    .action(lazy(async () => (await import('../actions/backfills.js')).show));
  overHttp(backfills.command('cancel <id>'), 'schedules backfills cancel bf-01j8…')
    .description('Start no more of its runs; those that it has started go on.')
    .option('--as <name>', 'who you are, where the server has no tokens', person)
    .action(lazy(async () => (await import('../actions/backfills.js')).cancel));
}

/** A day, or a time with its zone; which day it is depends on the zone of the schedule. */
function past(text: string): string {
  if (isDay(text)) return text;
  if (isTimeWithZone(text)) return new Date(text).toISOString();
  throw new InvalidArgumentError(
    'It must be a day such as 2026-01-31, or a time with its zone such as 2026-01-31T02:30:00Z.',
  );
}
