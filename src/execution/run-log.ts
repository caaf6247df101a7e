import { type Logger, pino } from 'pino';
import type { RunStart } from '../model/run.js';
import type { Clock } from '../platform/clock.js';
import type { RunPort } from './port.js';

export interface RunLog {
  readonly logger: Logger;
}

/** The logger of a run: JSON lines that its host keeps. Made when first used: most runs of a thousand say nothing. */
export function runLog({ runId, job, attempt }: RunStart, port: Pick<RunPort, 'log'>, clock: Clock): RunLog {
  let logger: Logger | undefined;
  return {
    get logger() {
      logger ??= pino(
        { base: { run: runId, job, attempt }, timestamp: () => `,"time":${clock.now()}` },
        { write: line => port.log(line.trimEnd()) },
      );
      return logger;
    },
  };
}
