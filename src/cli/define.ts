import type { Command } from 'commander';
import { url } from './arguments.js';

/** Options that every command which talks to a server takes. */
export interface CommonOptions {
  json?: boolean;
  url?: string;
}

/** `--json` and `--url`, and an example under the help. */
export function overHttp(command: Command, example: string): Command {
  return local(command, example).option(
    '--url <url>',
    'server to talk to (default: SLACKWATER_URL or http://127.0.0.1:7070)',
    url,
  );
}

/** `--json` alone, for commands that need no server. */
export function local(command: Command, example: string): Command {
  return withExample(command, example).option('--json', 'print JSON');
}

/** For commands whose output is no data. */
export function withExample(command: Command, example: string): Command {
  return command.addHelpText('after', `\nExample:\n  $ slackwater ${example}`);
}

/** A command that only holds others: a bare call shows what there is. */
export function group(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).helpCommand(false);
}

type Action<Args extends unknown[]> = (...args: Args) => Promise<void>;

/** Imports the code of a command when it is called. Commander's own last argument (the command) is left out. */
export function lazy<Args extends unknown[]>(
  load: () => Promise<Action<Args>>,
): (...args: unknown[]) => Promise<void> {
  return async (...args) => (await load())(...(args.slice(0, -1) as Args));
}
