import type { RunAddress } from '../model/run.js';
import { type Store, script } from './redis.js';

const takeScript = script<string[]>('take-due', 1);
const restScript = script<number>('rest-workflow', 2);

/** Whoever does something for a workflow run has so long before another host looks at it. */
export const HOLD_MS = 10_000;
/** Whoever leaves something to do does it at once; this is for the case that it dies. */
export const NET_MS = 1_000;

/** How a workflow run stands in the agenda of its app. No queue has a colon in its name. */
export const memberOf = ({ queue, jobId }: RunAddress): string => `${queue}:${jobId}`;
function addressOf(member: string): RunAddress {
  const at = member.indexOf(':');
  return { queue: member.slice(0, at), jobId: member.slice(at + 1) };
}

/** Workflow runs of an app for which there is something to do, at most so many: for a while no other host gets them. */
export async function takeDue({ redis, keys }: Store, app: string, most: number): Promise<RunAddress[]> {
  return (await takeScript(redis, keys.agenda(app), most, HOLD_MS)).map(addressOf);
}

/**
 * There is nothing to do for a workflow run until then.
 * @param revision that was seen; `null`: nothing is kept of it. @param dueAt ms by the clock of Redis; `null`: until something happens. @returns `false` where it has changed since.
 */
export async function restWorkflow(
  { redis, keys }: Store,
  app: string,
  address: RunAddress,
  revision: number | null,
  dueAt: number | null,
): Promise<boolean> {
  const workflow = keys.workflow(address.queue, address.jobId);
  const due = dueAt ?? '';
  return (await restScript(redis, workflow, keys.agenda(app), memberOf(address), revision ?? '', due)) === 1;
}
