import Fastify from 'fastify';
import { SlackwaterError } from '../platform/errors.js';
import { createGuard } from './access.js';
import type { Api, ApiContext } from './context.js';
import { useIdempotency } from './idempotency.js';
import { createMethodTable } from './method-table.js';
import { useOpenApi } from './openapi.js';
import { answerBrokenHttp, readError, sendProblem } from './problems.js';
import { backfillRoutes } from './routes/backfills.js';
import { bulkRoutes } from './routes/bulk.js';
import { checkpointRoutes } from './routes/checkpoints.js';
import { eventRoutes } from './routes/events.js';
import { freezeRoutes } from './routes/freezes.js';
import { healthRoutes } from './routes/health.js';
import { holdRoutes } from './routes/holds.js';
import { hostRoutes } from './routes/hosts.js';
import { jobRoutes } from './routes/jobs.js';
import { queueRoutes } from './routes/queues.js';
import { releaseRoutes } from './routes/releases.js';
import { runRoutes } from './routes/runs.js';
import { scheduleRoutes } from './routes/schedules.js';
import { signalRoutes } from './routes/signals.js';
import { windowRequestRoutes } from './routes/window-requests.js';
import { windowScheduleRoutes } from './routes/window-schedules.js';
import { windowRoutes } from './routes/windows.js';
import { workflowRoutes } from './routes/workflows.js';
import { createEventStreams } from './sse.js';
import { zodValidator } from './validation.js';

/** Pages that are open to all, and answer without Redis. */
const PUBLIC = /^\/(healthz|readyz|openapi\.json|docs)(\/|$)/;

/** The HTTP API, not listening yet. `close` ends the event streams, then waits for the requests under way. */
export function createApi(context: ApiContext): Api {
  const api = Fastify({
    bodyLimit: context.config.server.bodyLimit,
    requestTimeout: 120_000,
    routerOptions: { maxParamLength: 400, ignoreTrailingSlash: true },
    forceCloseConnections: 'idle',
    // While it closes it still answers: the stores stop after it.
    return503OnClosing: false,
    clientErrorHandler: answerBrokenHttp,
    frameworkErrors: (error, request, reply) =>
      sendProblem(request as never, reply as never, readError(error)),
  }) as unknown as Api;

  api.setValidatorCompiler(zodValidator);
  api.setSerializerCompiler(() => JSON.stringify);
  takeJson(api);
  answerProblems(api, context);

  const guard = createGuard(context.config.server.tokens);
  api.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (PUBLIC.test(request.url.split('?')[0]!)) return;
    guard(request);
    // Commands fail at once while the connection is away; this says so before anything has begun.
    if (context.store.redis.status !== 'ready')
      throw new SlackwaterError('unavailable', 'Redis cannot be reached: try again shortly');
  });
  useIdempotency(api, context);
  useOpenApi(api);

  const streams = createEventStreams(context.feed);
  const dropIdle = watchConnections(api);
  api.addHook('preClose', async () => {
    streams.close();
    dropIdle();
  });
  // After the plugins, so that the document sees every route.
  api.after(() => {
    for (const routes of [
      jobRoutes,
      workflowRoutes,
      signalRoutes,
      runRoutes,
      checkpointRoutes,
      releaseRoutes,
      windowRequestRoutes,
      holdRoutes,
      freezeRoutes,
      windowScheduleRoutes,
      scheduleRoutes,
      backfillRoutes,
      hostRoutes,
      queueRoutes,
      bulkRoutes,
      healthRoutes,
    ])
      routes(api, context);
    windowRoutes(api, context, streams);
    eventRoutes(api, context, streams);
  });
  return api;
}

/**
 * Node waits at a close for every connection that has not yet carried a request, and clients do open such ones ahead.
 * @returns what ends all connections as soon as no request is under way.
 */
function watchConnections({ server }: Api): () => void {
  let underWay = 0;
  let closing = false;
  const drop = () => {
    if (closing && underWay === 0) server.closeAllConnections();
  };
  server.on('request', (_request, response) => {
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
      setImmediate(drop);
    });
  });
  return () => {
    closing = true;
    setImmediate(drop);
  };
}

/** JSON and nothing else; no body at all is left to each route's schema. */
function takeJson(api: Api): void {
  const parse = api.getDefaultJsonParser('error', 'error');
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') return done(null, undefined);
    parse(request, text as string, (error, value) => {
      if (!error) return done(null, value);
      const why = error.cause instanceof Error ? error.cause.message : error.message;
      done(new SlackwaterError('bad-request', `the body is not valid JSON: ${why}`));
    });
  });
}

/** Where what one may look for at a path is. */
const ELSEWHERE: Record<string, string> = {
  'POST /v1/runs': '; a run is asked for with POST /v1/jobs/{name}/runs',
};

function answerProblems(api: Api, { logger, trouble }: ApiContext): void {
  const methods = createMethodTable(api);
  api.setErrorHandler((thrown, request, reply) => {
    const error = readError(thrown);
    if (error.code === 'internal')
      logger.error({ err: thrown, method: request.method, url: request.url }, 'a request failed');
    else if (error.code === 'unavailable' && error.cause)
      trouble?.failed(error.cause, 'a request was refused');
    return sendProblem(request, reply, error);
  });
  api.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!.slice(0, 200);
    const allowed = methods.of(path);
    if (allowed.length === 0)
      return sendProblem(
        request,
        reply,
        new SlackwaterError('not-found', `there is nothing at ${path}: see /docs`),
      );
    reply.header('allow', allowed.join(', '));
    const elsewhere = ELSEWHERE[`${request.method} ${path.replace(/\/$/, '')}`] ?? '';
    const detail = `${request.method} is not taken at ${path}: use ${allowed.join(' or ')}${elsewhere}`;
    return sendProblem(request, reply, new SlackwaterError('method-not-allowed', detail));
  });
}
