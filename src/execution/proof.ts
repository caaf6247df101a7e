import type { JobDefinition } from '../author/job.js';
import type { ProofItem, ProofResult } from '../model/messages.js';
import { decodeState, encodeState } from '../model/state-codec.js';
import { messageOf, migrate, readState, validate } from './read-state.js';

/**
 * Shows that this code can go on from a saved state, and whether it can be brought back to the version of the code before it.
 * @param job `undefined`: the release does not have it. Never throws, changes nothing.
 */
export function prove(job: JobDefinition | undefined, item: ProofItem): ProofResult {
  const refuse = (message: string, path = ''): ProofResult & { ok: false } => ({
    ok: false,
    failure: {
      from: item.version,
      to: job?.checkpoint?.version ?? null,
      direction: item.to === 'same' ? 'down' : 'up',
      path,
      message,
    },
  });
  if (!job) return refuse(`job ${item.job} is not in the ${item.to === 'same' ? 'previous' : 'new'} release`);
  // Only the library's own cursors: they need no schema.
  if (item.state === null) return { ok: true };
  return item.to === 'same' ? proveSame(job, item, refuse) : proveUp(job, item);
}

/** The code that owns the version must accept it as it stands. */
function proveSame(
  job: JobDefinition,
  item: ProofItem,
  refuse: (message: string, path?: string) => ProofResult & { ok: false },
): ProofResult {
  const { checkpoint } = job;
  if (!checkpoint) return refuse(`job ${job.name} declares no checkpoint in this code`);
  if (checkpoint.version !== item.version)
    return refuse(`is of version ${item.version}, this code writes version ${checkpoint.version}`);
  try {
    const read = validate(checkpoint, decodeState(item.state!), refuse);
    return read.ok ? { ok: true } : read;
  } catch (error) {
    return refuse(messageOf(error));
  }
}

function proveUp(job: JobDefinition, item: ProofItem): ProofResult {
  const read = readState(job, item.version, item.state!);
  if (!read.ok) return read;
  const { version, downgrade } = job.checkpoint!;
  const { downTo } = item;
  if (downTo === undefined || downTo >= version) return { ok: true };
  let { state } = read;
  for (let from = version; from > downTo; from--) {
    const down = downgrade[from];
    if (!down) return { ok: true, noWayDown: true };
    try {
      state = migrate(down, state);
    } catch (error) {
      const message = `downgrade from version ${from} to ${from - 1} failed: ${messageOf(error)}`;
      return { ok: false, failure: { from: version, to: downTo, direction: 'down', path: '', message } };
    }
  }
  try {
    return { ok: true, down: encodeState(state, 'the downgraded state') };
  } catch (error) {
    const path = (error as { errors?: { pointer: string }[] }).errors?.[0]?.pointer ?? '';
    return {
      ok: false,
      failure: { from: version, to: downTo, direction: 'down', path, message: messageOf(error) },
    };
  }
}
