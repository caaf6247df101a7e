import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Config } from '../config/config.js';
import type { Logger } from '../platform/logger.js';
import type { Queues } from '../queue/queues.js';
import type { Store } from '../store/redis.js';
import type { TroubleWatch } from '../store/trouble-watch.js';
import type { EventFeed } from './event-feed.js';
import type { JobCatalog } from './job-catalog.js';

/** What every route works with. */
export interface ApiContext {
  store: Store;
  queues: Queues;
  config: Config;
  feed: EventFeed;
  catalog: JobCatalog;
  logger: Logger;
  /** Hears of what Redis refused; left out, nobody does. */
  trouble?: TroubleWatch;
}

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Adds its routes. */
export type Routes = (api: Api, context: ApiContext) => void;
