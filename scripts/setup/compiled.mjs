import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/redis/command.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STAMP = `${ROOT}dist/.stamp`;

/** Whether dist/ was made from something else than what is in src/ now. */
export function buildIsStale() {
  return !existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== sourceStamp();
}

export async function build() {
  const { ok } = await run([process.execPath, 'scripts/build.mjs'], { cwd: ROOT, show: true });
  if (!ok) throw new Error('compiling failed: see above');
}

/**
 * The digest of all that dist/ depends on. Of contents, not of times: a change of branch or a copied folder tells nothing by its times, and a
 * file that is gone has none.
 */
export function sourceStamp() {
  const digest = createHash('sha256');
  for (const file of ['tsconfig.json', 'package-lock.json', 'scripts/build.mjs', ...filesUnder('src')]) {
    digest
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0');
  }
  return digest.digest('hex');
}

/**
 * Every file under a folder of the clone, relative to the clone, in a fixed order.
 * @param {string} folder
 * @returns {string[]}
 */
export function filesUnder(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(ROOT.length))
    .sort();
}
