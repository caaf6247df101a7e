import { type Command, Help, type Option } from 'commander';
import { VERSION } from '../platform/version.js';
import { OurCommand } from './command.js';
import { defineCalendar } from './commands/calendar.js';
import { defineIntake } from './commands/intake.js';
import { defineReleases } from './commands/releases.js';
import { defineRuns } from './commands/runs.js';
import { defineSchedules } from './commands/schedules.js';
import { defineServices } from './commands/services.js';
import { defineWindows } from './commands/windows.js';
import { defineWorkflows } from './commands/workflows.js';
import { say } from './output.js';
import { wantsJson } from './report-error.js';

/**
 * What there is to say at the command line. Only names, options and help are loaded here; what a command does is imported when it is
 * called, so that `--help` costs little more than Node itself.
 */
export function createProgram(): Command {
  const program = new OurCommand('slackwater')
    .description(
      'Stops batch jobs at a checkpoint, swaps their code, and lets every run go on where it stopped.',
    )
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showHelpAfterError('Add --help to see what it takes.')
    .configureHelp({ visibleOptions: ownOptionsFirst, optionDescription: markRequired })
    .configureOutput({ writeErr: text => void (wantsJson() || say(text.replace(/\n$/, ''))) })
    .exitOverride()
    .addHelpText('after', AFTER);
  defineServices(program);
  defineReleases(program);
  defineRuns(program);
  defineWorkflows(program);
  defineSchedules(program);
  defineWindows(program);
  defineCalendar(program);
  defineIntake(program);
  return program;
}

/** What every command takes comes last. */
function ownOptionsFirst(this: Help, command: Command): Option[] {
  const options = Help.prototype.visibleOptions.call(this, command);
  const common = ({ long }: Option) => ['--json', '--url', '--help'].includes(String(long));
  return [...options.filter(option => !common(option)), ...options.filter(common)];
}

/** What a command cannot do without is not to be learnt from an error. */
function markRequired(this: Help, option: Option): string {
  const description = Help.prototype.optionDescription.call(this, option);
  return option.mandatory ? `${description} (required)` : description;
}

const AFTER = `
Environment:
  SLACKWATER_URL     the server to talk to (http://127.0.0.1:7070)
  SLACKWATER_TOKEN   bearer token for it
  REDIS_URL          for serve, host, dev and doctor
  SLACKWATER_ACTOR   who you are, on a server without tokens
  SLACKWATER_CONFIG  a configuration file
  SLACKWATER_LOG     debug: stack traces (hosts and servers: info, or warn)
  NO_COLOR           plain text

Exit codes: 0 ok · 1 failed · 2 usage · 3 conflict · 4 rolled back
            5 timeout · 6 held · 130 left by Ctrl-C

Example:
  $ slackwater dev --jobs jobs
  $ slackwater run flights.delays --payload '{"file":"flights.parquet"}' --wait`;
