import type { Logger } from '../../src/platform/logger.js';

export interface HeardLine {
  level: string;
  text: string;
  /** Of the error that came with it. */
  stack?: string;
}

/** A log that keeps what it is told from `info` on. */
export function heardLog(): { log: Logger; lines: HeardLine[] } {
  const lines: HeardLine[] = [];
  const at =
    (level: string) =>
    (...[first, second]: [unknown, string?]) => {
      const { err } = (typeof first === 'object' ? first : {}) as { err?: Error };
      lines.push({ level, text: second ?? String(first), ...(err && { stack: err.stack! }) });
    };
  const log = { info: at('info'), warn: at('warn'), error: at('error'), debug: () => {} };
  return { log: log as unknown as Logger, lines };
}
