import { SlackwaterError } from '../../platform/errors.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, styleOf } from '../output.js';
import { type QueueStatus, queuesTable } from '../show/fleet.js';

interface SetOptions extends CommonOptions {
  concurrency?: number | 'none';
  rate?: { max: number; per: string } | 'none';
}

/** Sets the limits of a queue over all hosts. */
export async function set(name: string, options: SetOptions): Promise<void> {
  const { concurrency, rate } = options;
  if (concurrency === undefined && rate === undefined)
    throw new SlackwaterError(
      'bad-request',
      'say what to set: --concurrency N, --rate MAX/TIME, or both ("none" takes one away)',
    );
  const body = {
    ...(concurrency !== undefined && { concurrency: concurrency === 'none' ? null : concurrency }),
    ...(rate !== undefined && { rate: rate === 'none' ? null : rate }),
  };
  const queue = await connect(options).set<QueueStatus>(`/v1/queues/${part(name)}`, body);
  if (options.json) printJson(queue);
  else print(queuesTable([queue], Date.now(), styleOf(process.stdout)));
}
