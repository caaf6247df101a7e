import { type Logger, pino } from 'pino';

export type { Logger };

/** Diagnostics go to stderr as JSON lines; stdout belongs to data. Level from `SLACKWATER_LOG` (default `warn`). */
export function createLogger(name: string, level: string = process.env.SLACKWATER_LOG ?? 'warn'): Logger {
  return pino(
    { name, level, base: { pid: process.pid }, serializers: { err } },
    pino.destination({ dest: 2, sync: true }),
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
