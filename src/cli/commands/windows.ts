import type { Command } from 'commander';
import { choice, duration, instant, limit, name, person } from '../arguments.js';
import { group, lazy, overHttp } from '../define.js';
import { windowOptions } from './window-options.js';

const action = (which: 'abort' | 'cancel' | 'start') =>
  lazy<[id: string, options: object]>(async () => (await import('../actions/window-requests.js'))[which]);

/** Planned changes of a release: declare, watch, steer. */
export function defineWindows(program: Command): void {
  const window = group(program, 'window', 'Plan, open, watch and end deploy windows.');
  const fields = (command: Command) =>
    windowOptions(
      command
        .requiredOption('--release <id>', 'release to go to ("release ls")')
        .option('--at <time>', 'when to start: +8h, or 2030-01-31T02:30:00Z (default: now)', instant),
    );

  overHttp(fields(window.command('plan')), 'window plan --release 3f2a1c09b7de')
    .description(
      'Show what a window would meet: runs in the way, the forecast, refusals; nothing is stored. Exit code 1 where it would be refused.',
    )
    .action(lazy(async () => (await import('../actions/window-open.js')).plan));
  overHttp(fields(window.command('open')), 'window open --release 3f2a1c09b7de --at +8h --watch')
    .description('Declare a window, now or at a time.')
    .option('--watch', 'watch it to its end and print the report')
    .option('--timeout <duration>', 'with --watch: stop watching after this long (exit code 5)', duration)
    .action(lazy(async () => (await import('../actions/window-open.js')).open));
  overHttp(window.command('ls'), 'window ls')
    .description('List windows, the newest first.')
    .option('--app <name>', 'of this app only', name)
    .option('--limit <n>', 'at most this many', limit, 20)
    .action(lazy(async () => (await import('../actions/windows.js')).ls));
  overHttp(window.command('show <id>'), 'window show win-01j8…')
    .description('Show a window as it is now.')
    .action(lazy(async () => (await import('../actions/windows.js')).show));
  overHttp(window.command('watch <id>'), 'window watch win-01j8…')
    .description('Watch a window to its end and print the report. Ctrl-C leaves it running.')
    .option('--timeout <duration>', 'stop watching after this long (exit code 5)', duration)
    .action(lazy(async () => (await import('../actions/windows.js')).watch));
  overHttp(window.command('report <id>'), 'window report win-01j8…')
    .description('Print the account of a finished window: what it cost.')
    .action(lazy(async () => (await import('../actions/windows.js')).report));
  overHttp(window.command('start <id>'), 'window start win-01j8…')
    .description('Start a scheduled window now.')
    .action(action('start'));
  overHttp(window.command('extend <id>'), 'window extend win-01j8… --by 10m')
    .description('Give running jobs longer to reach their checkpoint.')
    .requiredOption('--by <duration>', 'how much longer', duration)
    .action(lazy(async () => (await import('../actions/window-requests.js')).extend));
  overHttp(window.command('cancel <id>'), 'window cancel win-01j8…')
    .description('Call off a window that has paused nothing yet.')
    .action(action('cancel'));
  overHttp(window.command('abort <id>'), 'window abort win-01j8…')
    .description(
      'End a window under way: intake reopens on the old release. Later than the swap, it goes back to it.',
    )
    .action(action('abort'));
  overHttp(window.command('approve <id>'), 'window approve win-01j8…')
    .description('Agree to a window that asks for a second person.')
    .option(
      '--as <name>',
      'who you are, on a server without tokens (default: SLACKWATER_ACTOR); no authentication',
      person,
    )
    .action(lazy(async () => (await import('../actions/window-requests.js')).approve));
  overHttp(window.command('end <id>'), 'window end win-01j8… --choice go-back')
    .description('End the watch now; or, where a window is held, say how it goes on.')
    .option(
      '--choice <choice>',
      'where it is held, one that it offers: retry, go-on, go-back or release',
      choice,
    )
    .action(lazy(async () => (await import('../actions/window-requests.js')).end));
}
