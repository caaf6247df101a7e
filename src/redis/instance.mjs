import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { answers } from './address.mjs';

/** How long a Redis whose owner is dead may take to end. */
const FAREWELL = 15_000;

/**
 * The claim on a data folder: who runs a Redis there, and at which address.
 * @typedef {object} Instance
 * @property {(redis: number) => void} started notes the process ID of Redis
 * @property {() => void} release gives the folder free
 *
 * @typedef {{ owner: number, redis?: number, url: string }} Claim
 */

/**
 * Claims a folder for a private instance.
 * @param {string} folder
 * @param {string} url at which it will answer
 * @returns {Promise<Instance>}
 * @throws Error that names the process in whose use it is
 */
export async function takeFolder(folder, url) {
  const file = `${folder}/instance.json`;
  const write = (/** @type {Claim} */ claim, flag = 'w') =>
    writeFileSync(file, `${JSON.stringify(claim)}\n`, { flag, mode: 0o600 });
  const deadline = performance.now() + FAREWELL;
  for (;;) {
    try {
      write({ owner: process.pid, url }, 'wx');
      return {
        started: redis => write({ owner: process.pid, redis, url }),
        release: () => rmSync(file, { force: true }),
      };
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const claim = read(file);
    if (!claim || !(await inUse(claim))) rmSync(file, { force: true });
    else if (alive(claim.owner)) throw new Error(heldBy(folder, claim));
    else if (performance.now() > deadline) throw new Error(abandoned(folder, claim));
    else await wait(25);
  }
}

/** @param {Claim} claim */
async function inUse(claim) {
  // Before Redis has been started only its owner tells. Afterwards Redis itself does: process IDs are used again.
  return claim.redis === undefined
    ? alive(claim.owner)
    : alive(claim.redis) && (await answers(claim.url, 1_000));
}

/** @param {string} folder @param {Claim} claim */
function heldBy(folder, claim) {
  return `${folder} is in use: process ${claim.owner} runs a Redis there. Stop it, or choose another data folder (--data)`;
}

/** @param {string} folder @param {Claim} claim */
function abandoned(folder, claim) {
  return `${folder} is in use: process ${claim.redis} is a Redis whose owner is gone. End it with "kill ${claim.redis}", then try again`;
}

/** @param {number} pid */
function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** @param {string} file @returns {Claim | undefined} */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
