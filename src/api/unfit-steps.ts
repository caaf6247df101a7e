import type { Run } from '../model/run.js';
import { stepFit } from '../workflow/graph-fit.js';
import type { JobCatalog } from './job-catalog.js';

/** Says of the steps that are ready, and that the release which runs cannot begin, why. */
export async function withUnfitSteps(run: Run, catalog: JobCatalog): Promise<Run> {
  const { steps, job, app } = run;
  if (!steps?.some(({ state }) => state === 'ready')) return run;
  const current = await catalog.workflows(app);
  const workflows = new Map(current.map(({ job }) => [job.name, job]));
  const told = steps.map(step => {
    const unfit = step.state === 'ready' ? stepFit(step, { name: job, steps }, { workflows }) : null;
    return unfit === null ? step : { ...step, unfit };
  });
  return { ...run, steps: told };
}
