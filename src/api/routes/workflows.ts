import { appQuery, askRoute, jobParams } from '../ask-for-run.js';
import type { Routes } from '../context.js';
import type { CurrentWorkflow } from '../job-catalog.js';
import { listOf, workflowShape } from '../shapes.js';

const tags = ['workflows'];

export const workflowRoutes: Routes = (api, context) => {
  const { catalog } = context;

  api.get(
    '/v1/workflows',
    {
      schema: {
        tags,
        summary: 'The workflows of the current releases',
        querystring: appQuery,
        response: { 200: listOf(workflowShape) },
      },
    },
    async request => {
      const workflows = await catalog.workflows(request.query.app);
      return { items: workflows.map(shown), nextCursor: null };
    },
  );

  api.get(
    '/v1/workflows/:name',
    {
      schema: {
        tags,
        summary: 'One workflow: its graph',
        description: 'Of runs that have begun the graph is with the run: they keep it as it was then.',
        params: jobParams,
        querystring: appQuery,
        response: { 200: workflowShape },
      },
    },
    async request => shown(await catalog.findWorkflow(request.params.name, request.query.app)),
  );

  askRoute(
    api,
    context,
    '/v1/workflows/:name/runs',
    {
      tags,
      summary: 'Ask for a run of a workflow',
      description: 'As POST /v1/jobs/{name}/runs, which takes the name of a workflow too.',
    },
    (name, app) => catalog.findWorkflow(name, app),
  );
};

const shown = ({ app, release, job }: CurrentWorkflow) => ({ ...job, app, release });
