import * as z from 'zod';
import type { StepManifest } from '../../model/workflow.js';
import { SlackwaterError } from '../../platform/errors.js';
import { didYouMean } from '../../platform/near-names.js';
import { findRun, showRun } from '../../queue/runs.js';
import { checkSignal } from '../../release/payloads.js';
import { readWorkflow } from '../../store/workflows/look.js';
import { signalWorkflow } from '../../store/workflows/signal.js';
import type { ApiContext, Routes } from '../context.js';
import { open } from '../shapes.js';

const params = z.strictObject({ id: z.string().min(1).max(300), name: z.string().min(1).max(100) });

export const signalRoutes: Routes = (api, context) => {
  api.post(
    '/v1/runs/:id/signals/:name',
    {
      schema: {
        tags: ['workflows'],
        summary: 'Signal a workflow run',
        description:
          'The first signal of a name counts. One that comes before its step waits for it is kept (`taken: false`), also where the run has not begun.',
        params,
        body: z
          .strictObject({
            payload: z.unknown().default(null).meta({ description: "fits the step's `signalSchema`" }),
          })
          .optional(),
        response: { 202: open({ run: z.string(), signal: z.string(), taken: z.boolean() }) },
      },
    },
    async (request, reply) => {
      const { id, name } = request.params;
      const payload = request.body?.payload ?? null;
      const { run, step } = await signalOf(context, id, name);
      checkSignal(step, payload, '/payload', context.config.limits.payloadBytes);
      const answer = await signalWorkflow(
        context.store,
        await findRun(context.store, id),
        name,
        JSON.stringify(payload),
      );
      if (answer !== 'taken' && answer !== 'kept') throw refusal(answer, run, name);
      return reply.code(202).send({ run, signal: name, taken: answer === 'taken' });
    },
  );
};

/** What the code that runs says of the signal; where that has none, what the run has kept. @throws SlackwaterError `not-found`, `conflict` */
async function signalOf(
  { store, catalog }: ApiContext,
  id: string,
  name: string,
): Promise<{ run: string; step: StepManifest }> {
  const run = await showRun(store, id);
  const kept = await readWorkflow(store, await findRun(store, id));
  const current = (await catalog.workflows(run.app)).find(({ job }) => job.name === run.job)?.job;
  const steps = kept?.graph.steps ?? current?.steps;
  if (!steps)
    throw new SlackwaterError(
      'conflict',
      `run ${run.id} is of job ${run.job}, and signals are for runs of workflows`,
    );
  const signals = steps.filter(({ kind }) => kind === 'signal');
  const own = signals.find(step => step.name === name);
  if (own)
    return {
      run: run.id,
      step: current?.steps.find(step => step.name === name && step.kind === 'signal') ?? own,
    };
  const names = signals.map(step => step.name);
  const hint = didYouMean(name, names, names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`);
  throw new SlackwaterError(
    'not-found',
    `run ${run.id} (${run.job}) has no signal ${JSON.stringify(name)}: ${hint}`,
  );
}

function refusal(
  answer: 'already' | 'over' | 'unknown' | 'gone',
  run: string,
  name: string,
): SlackwaterError {
  const why = {
    already: `signal ${name} has come for run ${run} before: the first counts`,
    over: `run ${run} waits for signal ${name} no more: it was skipped, or came too late`,
    unknown: `run ${run} has no signal ${name}: its graph was kept when it began`,
    gone: `run ${run} has ended`,
  }[answer];
  return new SlackwaterError(answer === 'unknown' ? 'not-found' : 'conflict', why);
}
