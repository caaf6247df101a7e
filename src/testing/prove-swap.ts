import type { JobDefinition } from '../author/job.js';
import { prove } from '../execution/proof.js';
import type { ProofFailure } from '../model/messages.js';
import type { Envelope } from '../model/run.js';

/**
 * As in a window: the new code reads the state, and what it brings back down is read by the old code, before it goes on.
 * @throws what a window would refuse, naming versions and path.
 */
export function proveSwap(previous: JobDefinition, next: JobDefinition, checkpoint: Envelope | null): void {
  const { state = null, version = null } = checkpoint ?? {};
  const downTo = previous.checkpoint?.version;
  const up = prove(next, { job: previous.name, state, version, to: 'up', downTo });
  if (!up.ok) throw refused(up.failure);
  if (up.down === undefined) return;
  const down = prove(previous, { job: previous.name, state: up.down, version: downTo!, to: 'same' });
  if (!down.ok) throw refused(down.failure);
}

function refused({ from, to, direction, path, message }: ProofFailure): Error {
  return new Error(
    `the swap is refused: the state of version ${from} cannot be brought ${direction} to version ${to}: ${path ? `${path}: ` : ''}${message}`,
  );
}
