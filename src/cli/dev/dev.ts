import path from 'node:path';
import { loadConfig } from '../../config/load.js';
import type { Service } from '../../platform/service.js';
import { findRedis } from '../../redis/find-redis.mjs';
import { type BuiltRelease, buildRelease } from '../../release/index.js';
import { createServer } from '../../server/server.js';
import { createClient } from '../client.js';
import { listen } from '../live/listen.js';
import { nameThePort } from '../name-the-port.js';
import { print, say, styleOf } from '../output.js';
import { describe } from '../report-error.js';
import { askedToLeave, exitSoon } from '../until-asked.js';
import { deploySave, type SaveOptions } from './deploy-save.js';
import { hostProcess } from './host-process.js';
import { tellRuns } from './job-lines.js';
import { oneAtATime } from './one-at-a-time.js';
import { importedFrom, watchFolder } from './watch-folder.js';

export interface DevOptions extends SaveOptions {
  port: number;
  data: string;
  workers?: number;
}

/**
 * Everything at once, for development: Redis, server and host; the jobs folder is deployed, and again at each save. Ends at SIGINT or
 * SIGTERM, in the order in which nothing is lost: host (its runs are given back), server, Redis.
 */
export async function dev(options: DevOptions): Promise<void> {
  // It tells of saves, windows and runs itself.
  process.env.SLACKWATER_LOG ??= 'error';
  const asked = askedToLeave();
  const leaving = new AbortController();
  const parts: (() => Promise<void>)[] = [];
  void asked.then(() => leaving.abort());
  const started = start(options, parts, leaving.signal);
  try {
    await Promise.race([started, asked]);
    await asked;
  } finally {
    leaving.abort();
    await started.catch(() => {});
    for (const stop of parts.reverse()) await stop();
    exitSoon();
  }
}

async function start(
  options: DevOptions,
  parts: (() => Promise<void>)[],
  leaving: AbortSignal,
): Promise<void> {
  const run = async (part: Service) => {
    parts.push(() => part.stop());
    await part.start();
  };
  const style = styleOf(process.stderr);
  const folder = path.resolve(options.jobs);
  let building: Promise<BuiltRelease> | undefined;
  let saves: ReturnType<typeof oneAtATime> | undefined;
  const watcher = watchFolder(folder, file => {
    if (leaving.aborted) return;
    say(style.dim(`${path.relative('.', file)} changed`));
    building = undefined;
    void saves?.ask();
  });
  await run(watcher);
  // The slowest part needs none of the others.
  building = buildRelease(options);
  const built = building.then(
    () => {},
    () => {},
  );
  parts.push(() => built);

  const redis = await findRedis({ data: options.data, log: say, allowInstall: true });
  parts.push(redis.stop);
  if (leaving.aborted) return;
  const env = environment(options, redis.url);
  const server = createServer(loadConfig({ env }));
  const listening = run(server).catch(error => {
    throw nameThePort(error, options.port, 'dev');
  });
  await Promise.all([listening, run(hostProcess(env))]);
  if (leaving.aborted) return;

  const client = createClient({ url: server.url, token: '' });
  let ready = false;
  let waiting = false;
  const sayWaiting = () => {
    if (!waiting) say(`server ${server.url} is up: ready once a release from ${folder} runs`);
    waiting = true;
  };
  saves = oneAtATime(async () => {
    try {
      const { built, serving } = await deploySave(client, options, leaving, building);
      if (built) watcher.also(await importedFrom(folder, built.files.get(`${built.manifest.entry}.map`)));
      if (ready || leaving.aborted) return;
      if (!serving) return sayWaiting();
      ready = true;
      print(`ready ${server.url}`);
    } catch (error) {
      // Whatever it was, the next save tries again.
      if (leaving.aborted) return;
      say(describe(error));
      if (!ready) sayWaiting();
    } finally {
      building = undefined;
    }
  });
  parts.push(saves.idle);
  const tell = tellRuns(client, style, say);
  listen(client, '/v1/events', leaving, ({ type, data }) => {
    if (type === 'run.state') void tell(data);
    return false;
  });
  await saves.ask();
}

/** What server and host read: this Redis, this port, loopback only, hence no tokens. */
const environment = (options: DevOptions, redisUrl: string): NodeJS.ProcessEnv => ({
  ...process.env,
  REDIS_URL: redisUrl,
  SLACKWATER_HOST: '127.0.0.1',
  SLACKWATER_PORT: String(options.port),
  SLACKWATER_DATA: options.data,
  SLACKWATER_TOKEN: '',
  ...(options.workers === undefined ? {} : { SLACKWATER_WORKERS: String(options.workers) }),
});
