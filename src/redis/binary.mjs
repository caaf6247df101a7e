import { which } from './command.mjs';
import { installRedis } from './install.mjs';

/** @returns {string | undefined} the path of `redis-server` or `valkey-server` on the `PATH` */
export function redisBinary() {
  return which('redis-server') ?? which('valkey-server');
}

/**
 * The path of a Redis program, installed where there is none and that is allowed.
 * @param {{ log: (line: string) => void, allowInstall?: boolean }} options
 * @returns {Promise<string | undefined>}
 */
export async function ensureRedisBinary({ log, allowInstall = true }) {
  const found = redisBinary();
  if (found || !allowInstall || !(await installRedis({ log }))) return found;
  const installed = redisBinary();
  if (!installed)
    log('the package manager reports success, yet there is no redis-server or valkey-server on the PATH');
  return installed;
}
