import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { answers, LONGEST_SOCKET_PATH } from './address.mjs';
import { takeFolder } from './instance.mjs';

const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 15_000;

/**
 * Runs Redis and reads a pipe from its owner (fd 0). When the pipe ends, however that came about, Redis is asked to leave; when Redis
 * ends first, the keeper does too. The first line on stdout is the process ID of Redis.
 */
const KEEPER = `
exec 3<&0
"$@" </dev/null >/dev/null 2>&1 3<&- & redis=$!
echo $redis
( while read -r _ <&3; do :; done; kill -TERM $redis 2>/dev/null ) & watch=$!
exec 3<&- >&-
wait $redis; code=$?
kill $watch 2>/dev/null
exit $code`;

/**
 * A Redis of our own, durable (append-only file, synced every second), refusing to evict, reachable from this machine only.
 * It dies with this process.
 * @typedef {object} PrivateRedis
 * @property {string} url `unix:///…/redis.sock`, or `redis://:password@127.0.0.1:port` where the path would be too long
 * @property {'private'} how
 * @property {number} pid of Redis itself
 * @property {Promise<number | null>} exited resolves to its exit code
 * @property {() => Promise<void>} stop asks it to leave and waits until it has; may be called twice
 */

/**
 * @param {object} options
 * @param {string} options.data its files are kept under `redis/` in here
 * @param {string} options.binary path of `redis-server` or `valkey-server`
 * @param {string} [options.url] the address that an earlier instance of this folder had, to come back under it
 * @param {Record<string, string>} [options.settings] of redis.conf, in place of what is said here
 * @returns {Promise<PrivateRedis>} when it has loaded its data and answers
 * @throws Error if the folder is in use, or with the end of its log if it does not start
 */
export async function startPrivateRedis({ data, binary, url: wanted, settings = {} }) {
  const folder = resolve(data, 'redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const url = wanted ?? (await chooseAddress(folder));
  const instance = await takeFolder(folder, url);
  try {
    return await launch(folder, binary, url, instance, settings);
  } catch (error) {
    instance.release();
    throw error;
  }
}

/**
 * @param {string} folder @param {string} binary @param {string} url @param {import('./instance.mjs').Instance} instance
 * @param {Record<string, string>} settings
 * @returns {Promise<PrivateRedis>}
 */
async function launch(folder, binary, url, instance, settings) {
  writeFileSync(`${folder}/redis.conf`, configuration(folder, url, settings), { mode: 0o600 });
  rmSync(`${folder}/redis.log`, { force: true });
  // Its own session: a Ctrl-C on the terminal is for the owner, who stops Redis when it has finished with it.
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'sh', binary, `${folder}/redis.conf`], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  /** @type {Promise<number | null>} */
  const exited = new Promise((done, failed) => {
    keeper.once('error', failed);
    keeper.once('exit', code => {
      instance.release();
      done(code);
    });
  });
  exited.catch(() => {});
  keeper.stdin.on('error', () => {});
  const stop = () => endKeeper(keeper, exited);
  try {
    const pid = await Promise.race([firstLine(keeper.stdout), exited]).then(Number);
    instance.started(pid);
    await ready(url, exited, folder);
    // From here on it keeps nobody alive; `stop` takes it back while it waits.
    for (const handle of [keeper, keeper.stdin, keeper.stdout]) /** @type {any} */ (handle).unref();
    return { url, how: 'private', pid, exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param {string} url @param {Promise<number | null>} exited @param {string} folder */
async function ready(url, exited, folder) {
  let ended = false;
  const end = () => {
    ended = true;
  };
  exited.then(end, end);
  const deadline = performance.now() + START_TIMEOUT;
  for (let pause = 5; !(await answers(url)); pause = Math.min(pause * 2, 100)) {
    if (ended || performance.now() > deadline) {
      const why = ended ? 'ended at once' : `did not answer within ${START_TIMEOUT / 1_000} s`;
      throw new Error(
        `the private Redis in ${folder} ${why}. The end of its log:\n${tail(`${folder}/redis.log`)}`,
      );
    }
    await wait(pause);
  }
}

/** @param {import('node:child_process').ChildProcess} keeper @param {Promise<number | null>} exited */
async function endKeeper(keeper, exited) {
  keeper.ref();
  keeper.stdin?.end();
  const impatience = setTimeout(() => {
    // The whole group: keeper and Redis.
    if (keeper.pid && keeper.exitCode === null) process.kill(-keeper.pid, 'SIGKILL');
  }, STOP_TIMEOUT);
  await exited.catch(() => {});
  clearTimeout(impatience);
}

/** @param {string} folder @returns {Promise<string>} */
async function chooseAddress(folder) {
  const socket = `${folder}/redis.sock`;
  if (Buffer.byteLength(socket) < LONGEST_SOCKET_PATH) return `unix://${socket}`;
  return `redis://:${randomBytes(24).toString('hex')}@127.0.0.1:${await freePort()}`;
}

/** @param {string} folder @param {string} url @param {Record<string, string>} settings */
function configuration(folder, url, settings) {
  const address = /^redis:\/\/:(.*)@127\.0\.0\.1:(\d+)$/.exec(url);
  const lines = address
    ? ['bind 127.0.0.1', `port ${address[2]}`, `requirepass ${address[1]}`]
    : ['port 0', `unixsocket ${JSON.stringify(url.slice('unix://'.length))}`, 'unixsocketperm 700'];
  return [
    ...lines,
    'daemonize no',
    `dir ${JSON.stringify(folder)}`,
    'logfile redis.log',
    'appendonly yes',
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    'save ""',
    ...Object.entries(settings).map(([name, value]) => `${name} ${value}`),
    '',
  ].join('\n');
}

/** @param {import('node:stream').Readable} stream @returns {Promise<string>} */
function firstLine(stream) {
  return new Promise(done => {
    let text = '';
    stream.setEncoding('utf8').on('data', part => {
      text += part;
      if (text.includes('\n')) done(text.split('\n')[0] ?? '');
    });
  });
}

/** @param {string} file */
function tail(file) {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return '(it wrote none)';
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((done, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });
}
