import { type Command, Option } from 'commander';
import { count, duration, hosts, onTimeout, share, shares } from '../arguments.js';

/** How a window goes: what every command takes that declares one. */
export function windowOptions(command: Command): Command {
  command
    .option('--reason <text>', 'why, for the record', 'deploy')
    .option('--drain-timeout <duration>', 'how long running jobs may take to reach a checkpoint', duration)
    .option(
      '--on-timeout <choice>',
      'then: "abort" keeps the old release, "force" stops what did not',
      onTimeout,
    )
    .option('--max-duration <duration>', 'the window ends by then, whatever happens', duration)
    .option(
      '--announce <duration>',
      'so long before its start, runs wait that could not stop in time',
      duration,
    )
    .option('--require-approval', 'another person has to agree ("window approve") before it begins')
    .option('--hooks <file>', 'JSON or YAML with hooks, probes and watch; - for stdin');
  command
    .optionsGroup('Strategy:')
    .addOption(
      new Option(
        '--strategy <name>',
        'all hosts stop together, or one after the other, or a share first',
      ).choices(['window', 'rolling', 'canary']),
    )
    .option('--batch <n>', 'with rolling: hosts at once (default: 1)', hosts)
    .option('--pause <duration>', 'with rolling: time between two batches (default: none)', duration)
    .option(
      '--steps <shares>',
      'with canary: shares of new runs, one after the other (default: 1%,10%,50%)',
      shares,
    )
    .option('--step <duration>', 'with canary: how long each share is watched (default: 1m)', duration);
  command
    .optionsGroup('Watch:')
    .option('--watch-for <duration>', 'watch the new release for so long; bad, it is rolled back', duration)
    .option('--watch-min-runs <n>', 'ends before their rate is judged (default: 20)', count)
    .option('--watch-max-failures <share>', 'of ends that may fail (default: 20%)', share)
    .option('--watch-max-crashes <n>', 'workers that may die of their runs (default: 3)', count)
    .option('--watch-max-parked <n>', 'runs that may be parked (default: 0)', count);
  return command.optionsGroup('Options:');
}
