import type { Command } from 'commander';
import { duration, name, names, onTimeout, port, workers } from '../arguments.js';
import { lazy, overHttp, withExample } from '../define.js';

/** What runs for long: all in one for development, server, host; and the check of them all. */
export function defineServices(program: Command): void {
  withExample(program.command('dev'), 'dev --jobs jobs --port 7070')
    .description('Run everything here: a private Redis, the server, one host; a saved file is deployed.')
    .option('--jobs <dir>', 'folder of jobs', 'jobs')
    .option(
      '--app <name>',
      'app they belong to (default: slackwater.app in the nearest package.json, or "default")',
      name,
    )
    .option('--port <port>', 'port of the server, 0 for a free one', port, 7_070)
    .option('--data <dir>', 'folder for data, kept from one time to the next', '.slackwater')
    .option('--workers <n>', 'worker processes (default: one per core)', workers)
    .option(
      '--drain-timeout <duration>',
      'how long a save waits for running jobs to reach a checkpoint',
      duration,
      '10s',
    )
    .option(
      '--on-timeout <choice>',
      'then: "force" restarts what did not, "abort" keeps the old code',
      onTimeout,
      'force',
    )
    .action(lazy(async () => (await import('../dev/dev.js')).dev));

  withExample(program.command('serve'), 'serve --port 7070')
    .description('Run a server: API and window engine.')
    .option('--port <port>', 'port, 0 for a free one (default: 7070)', port)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1; any other needs SLACKWATER_TOKEN)')
    .option('--config <file>', 'configuration, such as config/slackwater.yaml')
    .action(lazy(async () => (await import('../actions/serve.js')).serve));

  withExample(program.command('host'), 'host --workers 4 --queues reports,billing')
    .description('Run a host: claims runs and keeps worker processes that execute them.')
    .option('--workers <n>', 'worker processes for each release (default: one per core)', workers)
    .option('--queues <names>', 'serve only these queues, separated by commas', names)
    .option('--config <file>', 'configuration, such as config/slackwater.yaml')
    .action(lazy(async () => (await import('../actions/host.js')).host));

  overHttp(program.command('doctor'), 'doctor')
    .description('Check Node, Redis, server, hosts and queues, and say what to change.')
    .action(lazy(async () => (await import('../actions/doctor.js')).doctor));
}
