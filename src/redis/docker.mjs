import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { answers } from './address.mjs';
import { run, which } from './command.mjs';

const CLONE = fileURLToPath(new URL('../..', import.meta.url));
const ENGINE_TIMEOUT = 3_000;
const READY_TIMEOUT = 30_000;

/** @returns {Promise<boolean>} whether this is a clone with a compose file, and a Docker engine with Compose answers at once */
export async function dockerAnswers() {
  if (!existsSync(`${CLONE}docker-compose.yml`) || !which('docker')) return false;
  const engine = await run(['docker', 'version', '--format', '{{.Server.Version}}'], {
    timeout: ENGINE_TIMEOUT,
  });
  return engine.ok && (await run(['docker', 'compose', 'version'], { timeout: ENGINE_TIMEOUT })).ok;
}

/**
 * Starts the service `redis` of the compose file, or uses it where it runs already; then `stop` leaves it alone.
 * @param {{ log: (line: string) => void }} options
 * @returns {Promise<{ url: string, how: 'docker', stop: () => Promise<void> }>}
 */
export async function startInDocker({ log }) {
  const ran = (await compose('ps', '--status', 'running', '--quiet', 'redis')).output.trim() !== '';
  if (!ran) log('starting Redis in Docker (docker compose up -d redis)');
  const up = await run(['docker', 'compose', 'up', '-d', '--wait', 'redis'], { cwd: CLONE, show: true });
  if (!up.ok)
    throw new Error('docker compose up -d redis failed: see above, or install redis-server instead');
  const stop = async () => void (ran || (await compose('stop', 'redis')));
  const published = (await compose('port', 'redis', '6379')).output.trim();
  const url = `redis://${published.replace('0.0.0.0', '127.0.0.1')}`;
  if (!published || !(await answers(url, READY_TIMEOUT))) {
    await stop();
    throw new Error(
      `Redis was started in Docker but does not answer at ${url}: look at docker compose logs redis`,
    );
  }
  return { url, how: 'docker', stop };
}

/** @param {string[]} args */
function compose(...args) {
  return run(['docker', 'compose', ...args], { cwd: CLONE });
}
