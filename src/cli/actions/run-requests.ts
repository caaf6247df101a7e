import type { Run } from '../../model/run.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, styleOf } from '../output.js';
import { isEnded, stateText } from '../show/run.js';

/** Who asks, and for what. */
export interface AskOptions {
  as?: string;
  reason?: string;
}

/** Asks the same of each named run. */
export const each =
  (verb: 'cancel' | 'retry') => async (ids: string[], options: CommonOptions & AskOptions) => {
    const client = connect(options);
    const items: Run[] = [];
    // One after the other: the first that cannot be done stops the rest, and what was done has been printed.
    for (const id of ids) {
      const run = await client.post<Run>(`/v1/runs/${part(id)}/${verb}`, bodyOf(options));
      items.push(run);
      // Whoever runs is told to stop; the answer does not wait until it has.
      if (!options.json) answer(run, verb === 'cancel' ? 'cancelling…' : undefined);
    }
    if (options.json) printJson(items.length === 1 ? items[0] : { items });
  };

/** Nothing is said where there is nothing to say: not every request takes a reason. */
const bodyOf = ({ reason }: AskOptions) => (reason === undefined ? undefined : { reason });

export async function resume(
  id: string,
  options: CommonOptions & { choice?: string; as?: string },
): Promise<void> {
  const run = await connect(options).post<Run>(`/v1/runs/${part(id)}/resume`, { choice: options.choice });
  if (options.json) printJson(run);
  else answer(run);
}

export function answer(run: Pick<Run, 'id' | 'job' | 'state'>, asked?: string): void {
  const style = styleOf(process.stdout);
  const state = asked === undefined || isEnded(run) ? stateText(run.state, style) : style.yellow(asked);
  print(`${run.id}  ${run.job}  ${state}`);
}
