import type { Command } from 'commander';
import { RUN_STATES } from '../../model/run.js';
import {
  bulkLimit,
  concurrencyKey,
  duration,
  limit,
  name,
  person,
  priority,
  statesOf,
} from '../arguments.js';
import { group, lazy, overHttp } from '../define.js';

const states = statesOf(...RUN_STATES);

/** Which runs, for whoever lists them or asks something of many. */
const filters = (command: Command): Command =>
  command
    .option('--job <name>', 'of this job only')
    .option('--app <name>', 'of this app only', name)
    .option('--queue <name>', 'of this queue only', name)
    .option('--release <id>', 'that ran on this release last')
    .option('--window <id>', 'of its app, that ended in this window or after it');

/** Runs: ask for one, look at it, steer it. */
export function defineRuns(program: Command): void {
  overHttp(program.command('run <job>'), 'run flights.delays --payload @payload.json --wait')
    .description('Ask for a run of a job, or of a workflow.')
    .option('--payload <json>', 'JSON, @FILE, or - for stdin (default: {})')
    .option('--wait', 'wait for its end and print its result')
    .option('--timeout <duration>', 'with --wait: give up waiting after this long (exit code 5)', duration)
    .option('--app <name>', 'its app, where several have a job of this name', name)
    .option('--priority <n>', '0 comes first', priority)
    .option('--delay <duration>', 'not before this much later', duration)
    .option(
      '--dedupe-key <key>',
      'give back the run of this job that has this key, for as long as that run is kept',
    )
    .option(
      '--concurrency-key <key>',
      'what it shares with others, of which only so many run at once as its job says (1)',
      concurrencyKey,
    )
    .action(lazy(async () => (await import('../actions/run.js')).run));

  const runs = group(program, 'runs', 'List, show and steer runs.');
  overHttp(filters(runs.command('ls')), 'runs ls --job flights.delays --state running')
    .description(
      'List runs: those at work, those that wait, those that failed, were parked or cancelled, and those that completed; of the ended ones the newest first. Of what did not go well, or waits, also why.',
    )
    .option('--state <states>', 'in this state only, or in one of several: failed,parked', states)
    .option('--limit <n>', 'at most this many', limit, 50)
    .action(lazy(async () => (await import('../actions/runs.js')).ls));
  overHttp(runs.command('show <id>'), 'runs show run-01j8…')
    .description('Show a run: state, progress, checkpoint, result or error.')
    .action(lazy(async () => (await import('../actions/runs.js')).show));
  overHttp(runs.command('parts <id>'), 'runs parts run-01j8… --step score --state failed')
    .description('List the runs of the steps of a workflow run.')
    .option('--step <name>', 'of this step only')
    .option('--state <states>', 'in this state only, or in one of several: failed,parked', states)
    .option('--limit <n>', 'at most this many', limit, 50)
    .action(lazy(async () => (await import('../actions/runs.js')).parts));
  overHttp(runs.command('logs <id>'), 'runs logs run-01j8…')
    .description(
      'Print the log of a run: for reading on a terminal, else the JSON lines as they were written.',
    )
    .option('--follow', 'go on with what it logs, until it has ended')
    .action(lazy(async () => (await import('../actions/run-logs.js')).logs));
  overHttp(runs.command('checkpoint <id>'), 'runs checkpoint run-01j8…')
    .description('Print the saved state of a run.')
    .action(lazy(async () => (await import('../actions/runs.js')).checkpoint));
  overHttp(runs.command('export-checkpoints'), 'runs export-checkpoints --out jobs/states')
    .description(
      'Export the live checkpoints, for "release check": one state a line. They may hold personal data.',
    )
    .option('--job <name>', 'of this job only')
    .option('--app <name>', 'of this app only', name)
    .option(
      '--limit <n>',
      'at most this many; in a folder, of each job and version (default there: 100)',
      limit,
    )
    .option(
      '--out <path>',
      'file, or folder to which new states are added as JOB/vVERSION.jsonl (default: stdout)',
    )
    .action(lazy(async () => (await import('../actions/export-checkpoints.js')).exportCheckpoints));
  overHttp(filters(runs.command('cancel [ids...]')), 'runs cancel --state queued --job mail.send --dry-run')
    .description(
      'Cancel runs, those named or all in a state that fit: one that is running stops at once, the parking of a parked one ends.',
    )
    .option(
      '--state <states>',
      'all in these states',
      statesOf('queued', 'delayed', 'running', 'yielded', 'waiting', 'parked'),
    )
    .option('--limit <n>', 'at most this many', bulkLimit, 1_000)
    .option('--dry-run', 'only say which')
    .option('--reason <text>', 'why, for whoever wonders')
    .option('--as <name>', 'who you are, where the server has no tokens', person)
    .action(lazy(async () => (await import('../actions/bulk.js')).cancel));
  overHttp(filters(runs.command('retry [ids...]')), 'runs retry --state failed --window win-01j8… --dry-run')
    .description(
      'Try runs again, from their last checkpoint: those named, or all that failed or were parked and fit.',
    )
    .option('--state <states>', 'all in these states: failed, parked', statesOf('failed', 'parked'))
    .option('--limit <n>', 'at most this many', bulkLimit, 1_000)
    .option('--dry-run', 'only say which')
    .action(lazy(async () => (await import('../actions/bulk.js')).retry));
  overHttp(runs.command('resume <id>'), 'runs resume run-01j8… --choice retry')
    .description('Let a parked run go on, by one of the choices that it offers.')
    .option('--choice <choice>', 'which ("runs show" names them)')
    .option('--as <name>', 'who you are, where the server has no tokens', person)
    .action(lazy(async () => (await import('../actions/run-requests.js')).resume));
  overHttp(runs.command('signal <id> <name>'), `runs signal run-01j8… approve --payload '{"by":"anna"}'`)
    .description(
      'Signal a workflow run: the first signal of a name counts, and one that comes early is kept.',
    )
    .option('--payload <json>', 'what it carries: JSON, @FILE, or - for stdin (default: null)')
    .action(lazy(async () => (await import('../actions/signal.js')).signal));
}
