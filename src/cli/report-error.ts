import { CommanderError } from 'commander';
import { SlackwaterError } from '../platform/errors.js';
import { EXIT } from './exit-codes.js';
import { say } from './output.js';

/** A command ended in a way that it has told already: only the exit code is left to say. */
export class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** A wait ran out of its `--timeout`. */
export class TimedOut extends Error {}

/** Asked of the words themselves: options that cannot be read do not say it. */
export const wantsJson = (): boolean => process.argv.includes('--json');

/**
 * Prints why a command failed, once, and what to change; a stack only with `SLACKWATER_LOG=debug`.
 * @returns the exit code.
 */
export function report(error: unknown): number {
  if (error instanceof Exit) return error.code;
  // Help and version end with 0. Commander has printed its own message, but for programs.
  if (error instanceof CommanderError && (error.exitCode === 0 || !wantsJson()))
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (wantsJson()) process.stderr.write(`${JSON.stringify({ error: asJson(error) })}\n`);
  else say(describe(error));
  if (/^(debug|trace)$/.test(process.env.SLACKWATER_LOG ?? '')) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  }
  if (error instanceof TimedOut) return EXIT.timeout;
  if (error instanceof CommanderError) return EXIT.usage;
  return error instanceof SlackwaterError ? error.exitCode : EXIT.failed;
}

/** One message; faults of single fields each on a line below it. */
export function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof SlackwaterError)) return `error: ${message}`;
  const fields = error.errors
    .filter(({ detail }) => !message.includes(detail))
    .map(({ pointer, detail }) => `  ${pointer || 'the whole'}: ${detail}`);
  return [`error: ${message}`, ...fields].join('\n');
}

function asJson(error: unknown): Record<string, unknown> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof TimedOut) return { code: 'timeout', message };
  if (error instanceof CommanderError)
    return { code: 'usage', message: message.replace(/^error: /, '').replaceAll('\n', ' ') };
  if (!(error instanceof SlackwaterError)) return { code: 'failed', message };
  return { code: error.code, message, ...(error.errors.length ? { errors: error.errors } : {}) };
}
