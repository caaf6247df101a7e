// Everything that a fresh clone needs, quick when there is nothing to do: a Redis, the Node packages, the compiled code.
// Plain Node without dependencies. It speaks on stderr only: stdout belongs to the command that follows.
import { ensureRedis } from '../src/redis/find-redis.mjs';
import { build, buildIsStale } from './setup/compiled.mjs';
import { installPackages, packagesAreStale } from './setup/packages.mjs';

const say = (/** @type {string} */ line) => process.stderr.write(`setup: ${line}\n`);

try {
  requireNode(20, 19);
  // First, because it may end here: nobody should wait for an installation to be told that there is no Redis.
  const redis = await ensureRedis({ log: say });
  if (packagesAreStale()) {
    say('installing the Node packages (npm ci)');
    await installPackages();
  }
  if (buildIsStale()) {
    say('compiling src/ to dist/');
    await build();
  }
  say(`ready, with ${redis}`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

/** @param {number} major @param {number} minor */
function requireNode(major, minor) {
  const [haveMajor = 0, haveMinor = 0] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  throw new Error(
    `Slackwater needs Node ${major}.${minor} or later; this is ${process.versions.node}. Install a newer Node`,
  );
}
