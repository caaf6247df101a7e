import type { StepAct } from '../model/kept-workflow.js';
import type { RunAddress } from '../model/run.js';
import type { StepManifest } from '../model/workflow.js';
import { toldBy } from '../queue/workflow-runs.js';
import { HOLD_MS, restWorkflow } from '../store/agenda.js';
import { bringBack, endWorkflow } from '../store/workflows/begin.js';
import { beginWait, type Expansion, expandStep, mayGoAlong } from '../store/workflows/expand.js';
import { lookAtWorkflow } from '../store/workflows/look.js';
import type { Released } from '../store/workflows/settle.js';
import { ask } from './ask.js';
import type { WorkflowPorts } from './ports.js';
import type { RunningRelease } from './running-release.js';
import { type Seen, seenByEnd, seenByLook } from './seen.js';
import { type Done, endRuns, enqueueAlong, enqueueNew, enqueueRest, type Work } from './step-runs.js';

/** What cannot be done now is tried again after this long. */
const LATER_MS = 500;
/** So is a step that the release which runs cannot begin: another host may have another, or a person deploys one. */
const UNFIT_MS = 2_000;

/**
 * Does what there is to do for a workflow run, until all of it waits for something. Any number of hosts may do so at once: each act is either written once or comes to the
 * same when it is done twice. It may break off anywhere; the agenda still names the run then.
 * @param released what has just come of the end of a step, where that is all that there is to do: it need not be looked for.
 */
export async function advance(
  ports: WorkflowPorts,
  address: RunAddress,
  released: Released | null = null,
): Promise<void> {
  const { store, app, foresight } = ports;
  for (let known = released; ; known = null) {
    const release = ports.release();
    if (!release) return;
    const kept = known ? null : await lookAtWorkflow(store, app, address);
    // Its job was removed, and another one has its ID.
    if (!known && !kept) return void (await restWorkflow(store, app, address, null, null));
    const seen = known ? seenByEnd(known) : seenByLook(kept!);
    foresight?.saw(address, seen);
    if (await takeUp({ ports, release, address, seen })) return;
  }
}

interface Look {
  ports: WorkflowPorts;
  release: RunningRelease;
  address: RunAddress;
  seen: Seen;
}

/** @returns whether all of it waits for something now; if not, it has to be looked at again. */
async function takeUp(look: Look): Promise<boolean> {
  const { ports, address, seen } = look;
  const { acts, now, over } = seen;
  const done = await Promise.all(acts.map(act => perform(look, act)));
  if (done.includes('rests')) return true;
  if (done.includes('again')) return false;
  let { dueAt } = seen;
  if (done.includes('later')) dueAt = now + LATER_MS;
  else if (done.includes('unfit')) dueAt = Math.min(dueAt ?? Number.POSITIVE_INFINITY, now + UNFIT_MS);
  if (over) {
    if ((await bringToEnd(ports, address)) === 'ended') return true;
    // It is claimed now. Should that be lost, it is looked at again.
    dueAt = now + HOLD_MS;
  }
  const changes = done.reduce<number>((sum, each) => sum + (typeof each === 'number' ? each : 0), 0);
  return restWorkflow(ports.store, ports.app, address, seen.revision + changes, dueAt);
}

async function perform(look: Look, { step, act }: StepAct): Promise<Done> {
  if (act === 'expand') return expand(look, step);
  const { runs, count } = look.seen.steps![step.name]!;
  const work = workOf(look, step, { runs: runs!, count: count! });
  if (act === 'enqueue') return enqueueRest(work);
  await endRuns(work);
  return 'again';
}

async function expand(look: Look, step: StepManifest): Promise<Done> {
  const { ports, release, address, seen } = look;
  const asked = await ask(ports, release, address, seen, step);
  // The gate has closed meanwhile, another release runs, or one more has to go on with it: the code that runs when the step begins says what it is.
  const now = ports.release();
  if (now?.workflows !== release.workflows || now.beside?.release !== release.beside?.release) return 'again';
  const { recording = work => work } = ports;
  switch (asked.kind) {
    case 'look':
      return 'again';
    case 'unfit':
      ports.unfit(address, step.name, asked.reason);
      return 'unfit';
    case 'expand':
      return recording(begin(look, step, asked.expansion));
    case 'wait':
      await recording(beginWait(ports.store, ports.app, address, step.name, asked.until));
      return 'again';
  }
}

async function begin(look: Look, step: StepManifest, expansion: Expansion): Promise<Done> {
  const { ports, address, seen } = look;
  if (expansion.kind === 'run' && mayGoAlong(expansion.payloads) && seen.priority === 0) {
    const { runs, payloads } = expansion;
    const revision = seen.acts.length === 1 && seen.dueAt === null ? seen.revision : null;
    return enqueueAlong(workOf(look, step, { runs, count: payloads.length }), payloads, revision);
  }
  const expanded = await expandStep(ports.store, ports.app, address, step.name, expansion);
  if (expanded === 'late' || expansion.kind !== 'run' || expansion.payloads.length === 0) return 'again';
  const { payloads, runs } = expansion;
  return enqueueNew(workOf(look, step, { runs, count: payloads.length }), payloads);
}

const workOf = (
  { ports, address, seen }: Look,
  step: StepManifest,
  known: Pick<Work, 'runs' | 'count'>,
): Work => ({ ports, address, seen, step, ...known, scheduledFor: toldBy(seen.asked).scheduledFor });

/** Has the queue know of it: a host claims the run that stands for the workflow run, and ends it. */
async function bringToEnd(
  { store, retention }: WorkflowPorts,
  address: RunAddress,
): Promise<'claimed' | 'ended'> {
  const where = await bringBack(store, address);
  if (where === 'there') return 'claimed';
  // Its host died before it had tidied up, or somebody removed the job.
  await endWorkflow(store, address, { keepMs: retention.failedMs, again: where === 'ended' });
  return 'ended';
}
