import type { Command } from 'commander';
import { instant, limit, name } from '../arguments.js';
import { group, lazy, overHttp } from '../define.js';
import { windowOptions } from './window-options.js';

/** When windows come, and when none may. */
export function defineCalendar(program: Command): void {
  const freeze = group(program, 'freeze', 'Let no deploy window start for a while.');
  overHttp(
    freeze.command('add'),
    'freeze add --from 2030-12-20T00:00:00Z --to 2031-01-02T00:00:00Z --reason "year end"',
  )
    .description('Let no window start from then to then. One that has begun before goes on.')
    .option('--app <name>', 'of this app only', name)
    .option('--from <time>', 'from when: +8h, or 2030-12-20T00:00:00Z (default: now)', instant)
    .requiredOption('--to <time>', 'until when: +2d, or 2031-01-02T00:00:00Z', instant)
    .requiredOption('--reason <text>', 'why, for whoever wants to deploy')
    .action(lazy(async () => (await import('../actions/freezes.js')).add));
  overHttp(freeze.command('ls'), 'freeze ls')
    .description('List freezes; those that are over are kept for 30 days.')
    .option('--app <name>', 'that hold for this app', name)
    .action(lazy(async () => (await import('../actions/freezes.js')).ls));
  overHttp(freeze.command('rm <id>'), 'freeze rm frz-01j8…')
    .description('Lift a freeze.')
    .action(lazy(async () => (await import('../actions/freezes.js')).rm));

  defineSchedules(group(program, 'window-schedule', 'Let deploy windows come again and again.'));
}

function defineSchedules(schedule: Command): void {
  const example = `window-schedule add --cron '30 2 * * 1-5' --timezone Europe/Berlin --max-duration 30m`;
  overHttp(windowOptions(schedule.command('add')), example)
    .description(
      'Open a window at each of these times, with the newest release pushed by then, if it is not current. With --announce it takes that so much earlier.',
    )
    .requiredOption('--cron <pattern>', 'when: minute, hour, day of month, month, day of week')
    .requiredOption('--timezone <zone>', 'whose clock that is, such as Europe/Berlin or UTC')
    .option('--app <name>', 'of which app (default: the only one)', name)
    .action(lazy(async () => (await import('../actions/window-schedules.js')).add));
  overHttp(schedule.command('ls'), 'window-schedule ls')
    .description('List recurring windows, when each comes next, and what became of the last.')
    .option('--app <name>', 'of this app only', name)
    .action(lazy(async () => (await import('../actions/window-schedules.js')).ls));
  overHttp(schedule.command('fires <id>'), 'window-schedule fires wsch-01j8…')
    .description(
      'Show what became of its times, the newest first: opened, skipped, refused or missed, and why.',
    )
    .option('--limit <n>', 'at most this many (200 are kept)', limit, 20)
    .action(lazy(async () => (await import('../actions/window-schedules.js')).fires));
  overHttp(schedule.command('pause <id>'), 'window-schedule pause wsch-01j8…')
    .description('Open none until it is resumed.')
    .action(lazy(async () => (await import('../actions/window-schedules.js')).pause));
  overHttp(schedule.command('resume <id>'), 'window-schedule resume wsch-01j8…')
    .description('Go on with the next time; those meanwhile are left out.')
    .action(lazy(async () => (await import('../actions/window-schedules.js')).resume));
  overHttp(schedule.command('rm <id>'), 'window-schedule rm wsch-01j8…')
    .description(
      'Open no more of them, and cancel those declared that have not begun and that nobody has touched.',
    )
    .action(lazy(async () => (await import('../actions/window-schedules.js')).rm));
}
