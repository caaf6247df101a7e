import { type Logger, pino } from 'pino';

export type { Logger };

/** Diagnostics go to stderr as JSON lines; stdout belongs to data. Level from `SLACKWATER_LOG` (default `warn`). */
export function createLogger(name: string, level: string = process.env.SLACKWATER_LOG ?? 'warn'): Logger {
  return pino({ name, level, base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
}
