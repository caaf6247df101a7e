import { hidePassword, ping } from './address.mjs';
import { ensureRedisBinary } from './binary.mjs';
import { dockerAnswers, startInDocker } from './docker.mjs';
import { startPrivateRedis } from './private-redis.mjs';

export { ensureRedisBinary, redisBinary } from './binary.mjs';
export { startPrivateRedis } from './private-redis.mjs';

/**
 * A Redis to work with. `stop` ends what was started for it, waits for its end, and leaves alone what was there before.
 * @typedef {import('./private-redis.mjs').PrivateRedis} PrivateRedis
 * @typedef {{ url: string, how: 'REDIS_URL' | 'private' | 'docker', stop: () => Promise<void> }} FoundRedis
 */

const CHOICES = `No Redis was found. Slackwater needs one; choose:
  - set REDIS_URL to a Redis 6.2 or later, or a Valkey: REDIS_URL=redis://127.0.0.1:6379
  - put redis-server or valkey-server on the PATH (apt-get install redis-server, apk add redis, dnf install redis, brew install redis)
  - start Docker, in a clone of Slackwater
  - run this as root, or on a terminal, and it will be installed by the system's package manager`;

/**
 * Finds a Redis, in this order: `REDIS_URL`, a private instance of the program on the `PATH`, Docker, the package manager.
 * @param {object} options
 * @param {string} options.data folder in which a private instance keeps its files, under `redis/`
 * @param {(line: string) => void} [options.log] told what is being done; default: stderr
 * @param {boolean} [options.allowInstall] whether the package manager may be used; default false
 * @param {boolean} [options.docker] whether Docker may be used; default true
 * @returns {Promise<FoundRedis>} which answers PING
 * @throws Error with one message that names the choices
 */
export async function findRedis({ data, log = toStderr, allowInstall = false, docker = true }) {
  const given = await givenRedis();
  if (given) return { url: given, how: 'REDIS_URL', stop: async () => {} };
  const binary = await ensureRedisBinary({ log, allowInstall: false });
  if (binary) return startPrivateRedis({ data, binary });
  if (docker && (await dockerAnswers())) return startInDocker({ log });
  const installed = await ensureRedisBinary({ log, allowInstall });
  if (installed) return startPrivateRedis({ data, binary: installed });
  throw new Error(CHOICES);
}

/**
 * Makes sure that `findRedis` will succeed, without starting anything.
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<string>} what will be used, in words
 * @throws Error as `findRedis` does
 */
export async function ensureRedis({ log = toStderr } = {}) {
  const given = await givenRedis();
  if (given) return `Redis at ${hidePassword(given)} (REDIS_URL)`;
  const binary = await ensureRedisBinary({ log, allowInstall: false });
  if (binary) return `a private instance of ${binary}`;
  if (await dockerAnswers()) return 'Redis in Docker';
  const installed = await ensureRedisBinary({ log });
  if (installed) return `a private instance of ${installed}`;
  throw new Error(CHOICES);
}

/** @returns {Promise<string | undefined>} `REDIS_URL`, known to answer */
async function givenRedis() {
  const url = process.env.REDIS_URL;
  if (!url) return undefined;
  await ping(url).catch((/** @type {Error} */ cause) => {
    const why = `REDIS_URL is set to ${hidePassword(url)}, but that Redis cannot be used: ${cause.message}`;
    throw new Error(`${why}. Start it, correct REDIS_URL, or unset REDIS_URL to let Slackwater find one`, {
      cause,
    });
  });
  return url;
}

/** @param {string} line */
function toStderr(line) {
  process.stderr.write(`${line}\n`);
}
