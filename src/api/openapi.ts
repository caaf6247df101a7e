import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { VERSION } from '../platform/version.js';
import type { Api } from './context.js';
import { problemShape } from './shapes.js';

const description = `A batch job scheduler that stops on purpose: deploy windows over running jobs.

Errors are RFC 9457 problems (\`application/problem+json\`); \`errors\` has a JSON pointer for each faulty field. Unknown fields are refused.
Every POST takes an \`Idempotency-Key\`: the same request with the same key gets the same answer for 24 hours. Lists answer
\`{items, nextCursor}\`. Times are ISO 8601 in UTC; durations are written "90s", "10m" or ISO 8601, and answered as milliseconds in fields that end in \`Ms\`.`;

/** The document at `/openapi.json`, made from the same schemas that check the requests, and pages to read it at `/docs`. */
export function useOpenApi(api: Api): void {
  api.addHook('onRoute', route => {
    if (!route.schema || route.schema.hide) return;
    const response = (route.schema.response ?? {}) as Record<string, unknown>;
    const problem = {
      content: { 'application/problem+json': { schema: problemShape } },
      description: 'a problem',
    };
    route.schema.response = { ...response, '4xx': problem, '5xx': problem };
  });
  api.register(swagger as never, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Slackwater',
        version: VERSION,
        description,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{}, { token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  api.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { validatorUrl: null, url: '/openapi.json', deepLinking: true } as never,
    staticCSP:
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
  });
  api.get('/openapi.json', { schema: { hide: true } as object }, async () => api.swagger());
}
