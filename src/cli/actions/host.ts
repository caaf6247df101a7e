import { loadConfig } from '../../config/load.js';
import { createHost } from '../../host/host.js';
import { hidePassword } from '../../redis/address.mjs';
import { say } from '../output.js';
import { untilAsked } from '../until-asked.js';

export interface HostOptions {
  workers?: number;
  queues?: string[];
  config?: string;
}

/** After so long a host says what it waits for, ms. */
const PATIENCE = 2_000;

/** Runs a host until it is asked to leave, or until the parent that started it over IPC is gone. */
export async function host(options: HostOptions): Promise<void> {
  const env = {
    ...process.env,
    ...(options.workers === undefined ? {} : { SLACKWATER_WORKERS: String(options.workers) }),
    ...(options.queues === undefined ? {} : { SLACKWATER_QUEUES: options.queues.join(',') }),
  };
  const config = loadConfig({ file: options.config, env });
  const service = createHost(config);
  const waiting = setTimeout(() => {
    say(
      `no answer from Redis at ${hidePassword(config.redis.url)} yet: waiting for it (set REDIS_URL if it is elsewhere)`,
    );
  }, PATIENCE);
  await untilAsked(service, () => {
    clearTimeout(waiting);
    say(`host ${service.id} ready`);
    process.send?.({ ready: service.id });
  }).finally(() => clearTimeout(waiting));
}
