// Compiles src/ to dist/, copies what the compiler leaves behind (Lua scripts), and removes what has no source any more.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { filesUnder, sourceStamp } from './setup/compiled.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = sourceStamp();
// Until the end dist/ is made from nothing in particular.
rmSync(`${root}dist/.stamp`, { force: true });

compile();
copy(/\.lua$/);
removeOrphans();
chmodSync(`${root}dist/cli/main.js`, 0o755);
writeFileSync(`${root}dist/.stamp`, stamp);

function compile() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  // What the compiler has to say goes to stderr: stdout may belong to the command that asked for the build.
  const done = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/** @param {RegExp} wanted */
function copy(wanted) {
  for (const file of filesUnder('src').filter(file => wanted.test(file)))
    cpSync(root + file, root + file.replace(/^src/, 'dist'));
}

function removeOrphans() {
  for (const file of filesUnder('dist')) {
    if (/^dist\/\.[^/]+$/.test(file) || sourcesOf(file).some(existsSync)) continue;
    rmSync(root + file);
  }
}

/** @param {string} file of dist/ @returns {string[]} what it may have been made from */
function sourcesOf(file) {
  const source = root + file.replace(/^dist/, 'src');
  const typed = source.replace(/(\.d)?\.(m?)(js|ts)(\.map)?$/, '.$2ts');
  return [source, typed, source.replace(/\.map$/, ''), source.replace(/\.d\.mts$/, '.mjs')];
}
