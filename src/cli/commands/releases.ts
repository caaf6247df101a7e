import type { Command } from 'commander';
import { duration, limit, name } from '../arguments.js';
import { group, lazy, local, overHttp } from '../define.js';
import { windowOptions } from './window-options.js';

/** From a folder of jobs to a release that runs. */
export function defineReleases(program: Command): void {
  const jobs = (command: Command) =>
    command
      .option('--jobs <dir>', 'folder of jobs', 'jobs')
      .option(
        '--app <name>',
        'app they belong to (default: slackwater.app in the nearest package.json, or "default")',
        name,
      );

  overHttp(windowOptions(jobs(program.command('deploy'))), 'deploy --jobs jobs --reason "faster parsing"')
    .description('Build and push a release, open a window for it now, watch it, and print the report.')
    .option(
      '--timeout <duration>',
      'stop watching after this long (exit code 5); the window goes on',
      duration,
    )
    .option('--detach', 'do not watch: print the window and leave')
    .action(lazy(async () => (await import('../actions/deploy.js')).deploy));

  const release = group(program, 'release', 'Build, push and list releases.');
  local(jobs(release.command('build')), 'release build --jobs jobs --out build')
    .description('Bundle a folder of jobs into a release: its files, its manifest, its digest.')
    .option('--out <dir>', 'folder to write it to (default: release)', 'release')
    .action(lazy(async () => (await import('../actions/release-build.js')).build));
  overHttp(jobs(release.command('push')), 'release push --jobs jobs')
    .description('Build a release and send it to the server; nothing runs it until a window does.')
    .option('--from <dir>', 'send what "release build --out DIR" wrote, instead of building')
    .action(lazy(async () => (await import('../actions/release-push.js')).push));
  overHttp(release.command('check [id]'), 'release check --jobs jobs')
    .description(
      'Read saved states with the code of a release before it runs anywhere, hold workflow runs against its graphs, and say what it cannot go on with.',
    )
    .option(
      '--jobs <dir>',
      'build this folder of jobs, and read JOBS/states too (default without an ID: jobs)',
    )
    .option(
      '--app <name>',
      'app they belong to (default: slackwater.app in the nearest package.json, or "default")',
      name,
    )
    .option(
      '--checkpoints <paths...>',
      'read the states in these files or folders (- for stdin) instead of the live ones of the server',
    )
    .action(lazy(async () => (await import('../actions/release-check.js')).check));
  overHttp(release.command('ls'), 'release ls --app billing')
    .description('List releases, the newest first: which one the app runs, and where windows go.')
    .option('--app <name>', 'of this app only', name)
    .option('--limit <n>', 'at most this many', limit, 20)
    .action(lazy(async () => (await import('../actions/releases.js')).ls));
  overHttp(release.command('show <id>'), 'release show 3f2a1c09b7de')
    .description('Show a release and its jobs.')
    .action(lazy(async () => (await import('../actions/releases.js')).show));
}
