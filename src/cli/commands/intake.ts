import type { Command } from 'commander';
import { concurrency, instant, name, names, rate } from '../arguments.js';
import { group, lazy, overHttp } from '../define.js';

/** Where runs flow: hosts, queues, and holds on them. */
export function defineIntake(program: Command): void {
  overHttp(program.command('hosts'), 'hosts')
    .description('List hosts, what they run and on which release.')
    .action(lazy(async () => (await import('../actions/fleet.js')).hosts));
  const queues = overHttp(program.command('queues'), 'queues')
    .description(
      'List queues, what waits in them, how it ended (failed: parked and cancelled runs too), their limits and what holds them.',
    )
    .action(lazy(async () => (await import('../actions/fleet.js')).queues));
  overHttp(queues.command('set <name>'), 'queues set reports --concurrency 20 --rate 100/1m')
    .description(
      'Set the limits of a queue over all hosts. They count claims: a run that rests in a window is one.',
    )
    .option('--concurrency <n>', 'runs at once, or "none"', concurrency)
    .option('--rate <max/time>', 'runs claimed in a time, such as 100/1m, or "none"', rate)
    .action(lazy(async () => (await import('../actions/queues.js')).set));

  const hold = group(program, 'hold', 'Stop intake of queues for a while.');
  overHttp(hold.command('add'), 'hold add --queues reports --until +30m --reason "warehouse is down"')
    .description('Hold intake: running jobs go on, no other starts until then. Producers may always enqueue.')
    .option('--queues <names>', 'of these queues, separated by commas', names)
    .option('--app <name>', 'of all queues of this app', name)
    .requiredOption('--until <time>', 'when it ends by itself: +30m, or 2030-01-31T02:30:00Z', instant)
    .requiredOption('--reason <text>', 'why, for whoever waits')
    .action(lazy(async () => (await import('../actions/holds.js')).add));
  overHttp(hold.command('ls'), 'hold ls')
    .description('List holds.')
    .action(lazy(async () => (await import('../actions/holds.js')).ls));
  overHttp(hold.command('rm <id>'), 'hold rm hold-01j8…')
    .description('Lift a hold before its end.')
    .action(lazy(async () => (await import('../actions/holds.js')).rm));
}
