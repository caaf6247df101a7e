import { fieldOf, type StepFailure, type StepRuns } from '../model/kept-workflow.js';
import { ofWorkflow, type RunAddress } from '../model/run.js';
import type { StepManifest } from '../model/workflow.js';
import { runIdOf } from '../queue/run-id.js';
import {
  enqueueParts,
  jobsOfParts,
  type Part,
  type PartsContext,
  partRunId,
  requeuePart,
} from '../queue/workflow-runs.js';
import { type Asker, callCancelled, requestCancel } from '../store/run-requests.js';
import { keepPayloads, reopenPart } from '../store/workflows/again.js';
import { expandStep } from '../store/workflows/expand.js';
import { cancelParts, markStep, readParts, whyStopped } from '../store/workflows/parts.js';
import { failLost } from './lost-runs.js';
import type { WorkflowPorts } from './ports.js';
import { goesOn } from './reopened.js';
import type { Seen } from './seen.js';

/** A step whose runs are known. */
export interface Work {
  ports: WorkflowPorts;
  address: RunAddress;
  seen: Seen;
  step: StepManifest;
  runs: StepRuns;
  count: number;
  scheduledFor: string | null;
}

/**
 * What came of an act. A number: so many changes, after which there is nothing to do before something happens. `again`: something may begin now. `later`: it has to
 * wait for a host that is just ending a run. `unfit`: for another release. `rests`: nothing else was to be done either.
 */
export type Done = number | 'again' | 'later' | 'unfit' | 'rests';

/** Keeps what the code said of a step and puts its runs into their queue, in one act. @param revision where this was all that there was to do. */
export async function enqueueAlong(work: Work, payloads: string[], revision: number | null): Promise<Done> {
  const { ports, address, step, runs } = work;
  const { store, app, queues, claims } = ports;
  const parts = payloads.map((payload, i) => ({ index: step.each ? i : null, payload }));
  const place = parts.length === 1 ? (claims?.placeIn(runs.queue) ?? null) : null;
  const along = { jobs: jobsOfParts(queues, contextOf(work), parts), quiet: place !== null };
  const expansion = { kind: 'run' as const, payloads, runs };
  const by = place ? { ...store, redis: place.redis } : store;
  const expanding = expandStep(by, app, address, step.name, expansion, { along, revision });
  // It goes right behind: both are answered together.
  place?.claim();
  const expanded = await expanding;
  if (expanded === 'late') return 'again';
  return expanded === 'rests' ? expanded : 1;
}

/** Puts all runs of a step into their queue that has just been expanded. */
export async function enqueueNew(work: Work, payloads: string[]): Promise<Done> {
  const { ports, step, count } = work;
  const context = contextOf(work);
  const { atOnce } = ports.limits;
  let from = 0;
  let changes = 1;
  for (; from < count && ports.release(); from += atOnce, changes++) {
    const some = payloads.slice(from, from + atOnce);
    const parts = some.map((payload, i) => ({ index: step.each ? from + i : null, payload }));
    await enqueueParts(ports.queues, context, parts);
    if (!(await mark(work, 'enqueued', from + some.length))) return 'again';
  }
  return from < count ? 'again' : changes;
}

/** Goes on where somebody broke off, or queues again what is to go on. */
export async function enqueueRest(work: Work): Promise<Done> {
  const { ports, address, seen, step, count } = work;
  const { enqueued, again } = seen.steps![step.name]!;
  const context = contextOf(work);
  const { atOnce } = ports.limits;
  for (let from = enqueued; from < count && ports.release(); from += atOnce) {
    const to = Math.min(count, from + atOnce);
    const parts = await readParts(ports.store, address, step, from, to);
    const missing = parts.flatMap<Part>(({ index, payload, mark }) =>
      mark === null && payload !== null ? [{ index, payload }] : [],
    );
    const unknown = parts.filter(({ payload, mark }) => payload === null && !mark?.startsWith('='));
    if (!again) await enqueueParts(ports.queues, context, missing);
    else {
      let busy = false;
      for (const part of parts.filter(({ mark }) => goesOn(mark, step.onFailure)))
        busy = (await goOn(ports, context, step, part)) || busy;
      if (busy) return from > enqueued ? 'again' : 'later';
    }
    const lost = unknown.map(({ index }) => ({ ...address, step: step.name, index }));
    await failLost(ports.store, ports.app, work.runs.queue, lost);
    // Others may have come this far, or the workflow stops.
    if (!(await mark(work, 'enqueued', to))) break;
  }
  return 'again';
}

/** A run that failed or was cancelled is queued again, from where it stood. @returns whether that has to wait for a host that is just ending it. */
async function goOn(
  { store, queues }: WorkflowPorts,
  context: PartsContext,
  step: StepManifest,
  { index, payload }: Pick<Part, 'index'> & { payload: string | null },
): Promise<boolean> {
  const { workflow, runs } = context;
  const run = { queue: runs.queue, jobId: partRunId(workflow, step.name, index) };
  const field = fieldOf(step.name, index);
  const answer = await reopenPart(store, workflow, field, run, step.onFailure === 'continue');
  if (answer !== 'again') return answer === 'busy';
  if (step.kind === 'workflow') await keepPayloads(store, run);
  // One that was not kept as long as its workflow begins anew.
  if (!(await requeuePart(queues, run)) && payload !== null)
    await enqueueParts(queues, context, [{ index, payload }]);
  return false;
}

/** The workflow stops: what of this step has not started never will, and where a person has cancelled, what runs is told. */
export async function endRuns(work: Work): Promise<void> {
  const { ports, address, seen, step, runs, count } = work;
  const { store, app, limits } = ports;
  // One script looks at all of them.
  const atOnce = Math.ceil(limits.atOnce / 4);
  for (let from = seen.steps![step.name]!.ended; from < count && ports.release(); from += atOnce) {
    const parts = Array.from({ length: Math.min(count - from, atOnce) }, (_, i) => {
      const index = step.each ? from + i : null;
      return { index, queue: runs.queue, jobId: partRunId(address, step.name, index) };
    });
    const asker = await stopperOf(ports, address);
    const running = await cancelParts(store, app, address, step.name, parts, asker);
    for (const run of running) await requestCancel(store, run, asker);
    await callCancelled(store, parts);
    if (!(await mark(work, 'ended', from + parts.length))) return;
  }
}

/** In whose name runs end with their workflow run. */
async function stopperOf({ store }: WorkflowPorts, address: RunAddress): Promise<Asker> {
  const id = runIdOf(address.queue, address.jobId);
  const { failed, cancelled } = await whyStopped(store, address);
  if (cancelled) {
    const { by, reason } = JSON.parse(cancelled) as Asker;
    return { by, reason: `with workflow run ${id}${reason ? `: ${reason}` : ''}` };
  }
  const why = failed === null ? null : (JSON.parse(failed) as StepFailure);
  const of = why?.run ? `, run ${why.run}` : '';
  return { by: ofWorkflow(id), reason: why && `its step "${why.step}" failed${of}` };
}

const mark = ({ ports, address, step }: Work, what: 'enqueued' | 'ended', to: number): Promise<boolean> =>
  markStep(ports.store, ports.app, address, step.name, what, to);

const contextOf = ({ ports, address, seen, step, runs, scheduledFor }: Work): PartsContext => ({
  workflow: address,
  step: step.name,
  runs,
  priority: seen.priority,
  scheduledFor,
  retention: ports.retention,
});
