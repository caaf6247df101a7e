import { type DestinationStream, type Logger, pino } from 'pino';
import { printable } from './printable.js';

export type { Logger };

/**
 * Diagnostics go to stderr: JSON lines, or plain ones where that is a terminal; stdout belongs to data. Level from `SLACKWATER_LOG` (default
 * `info`). What is to be expected is one line that says what and what next; stacks are for faults of our own.
 */
export function createLogger(name: string, level: string = process.env.SLACKWATER_LOG ?? 'info'): Logger {
  return pino(
    {
      name,
      level,
      base: { pid: process.pid },
      serializers: { err },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    process.stderr.isTTY ? forPeople(process.stderr) : pino.destination({ dest: 2, sync: true }),
  );
}

/** An error of the Redis client carries its command, arguments and all: states and payloads do not belong in a log. */
function err(error: Error): unknown {
  const {
    command: _,
    previousErrors: __,
    ...shown
  } = pino.stdSerializers.err(error) as Record<string, unknown>;
  return shown;
}

const forPeople = (terminal: NodeJS.WritableStream): DestinationStream => ({
  write: line => void terminal.write(readable(line)),
});

/** `14:03:22 warn  host: what happened`, in local time; the stack of a fault below it. */
export function readable(line: string): string {
  const { level, time, name, msg, err: fault } = JSON.parse(line);
  const at = new Date(time).toTimeString().slice(0, 8);
  const below = fault ? String(fault.stack ?? fault.message).split('\n') : [];
  const first = `${at} ${level.padEnd(5)} ${name}: ${printable(msg)}`;
  return [first, ...below.map(line => `  ${printable(line)}`), ''].join('\n');
}
