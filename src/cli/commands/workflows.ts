import type { Command } from 'commander';
import { name } from '../arguments.js';
import { group, lazy, overHttp } from '../define.js';

/** Workflows: what there is, and the graph of one. Their runs are runs. */
export function defineWorkflows(program: Command): void {
  const workflows = group(program, 'workflows', 'List and draw workflows.');
  overHttp(workflows.command('ls'), 'workflows ls')
    .description('List the workflows of the releases that run.')
    .option('--app <name>', 'of this app only', name)
    .action(lazy(async () => (await import('../actions/workflows.js')).ls));
  overHttp(workflows.command('show <name>'), 'workflows show nightly')
    .description('Draw the graph of a workflow. That of a run, with states, is drawn by "runs show".')
    .option('--app <name>', 'its app, where several have a workflow of this name', name)
    .action(lazy(async () => (await import('../actions/workflows.js')).show));
}
