import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/redis/command.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Whether what is in node_modules is something else than package-lock.json asks for. */
export function packagesAreStale(root = ROOT) {
  const installedFile = `${root}/node_modules/.package-lock.json`;
  if (!existsSync(installedFile)) return true;
  const wanted = packagesOf(`${root}/package-lock.json`);
  const installed = packagesOf(installedFile);
  const missing = Object.entries(wanted).some(
    ([path, entry]) => path !== '' && !isOptional(entry) && installed[path] === undefined,
  );
  const different = Object.entries(installed).some(
    ([path, entry]) => wanted[path]?.version !== entry.version || wanted[path]?.integrity !== entry.integrity,
  );
  return missing || different;
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} Entry
 */

/** @param {Entry} entry  Those of other platforms are in the lock file, and never installed. */
function isOptional(entry) {
  return entry.optional || entry.devOptional || entry.peer;
}

/** @param {string} file @returns {Record<string, Entry>} */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

/** `npm ci` with the npm that started us, development packages included even where NODE_ENV says production. */
export async function installPackages() {
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  const { ok } = await run([...npm, 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    show: true,
  });
  if (!ok) throw new Error('npm ci failed: see above');
}
