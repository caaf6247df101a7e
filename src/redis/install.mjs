import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { run, which } from './command.mjs';

/** What each package manager is told; where a package has another name, the next line is tried. */
const MANAGERS = [
  {
    name: 'apt-get',
    before: ['update'],
    install: ['install', '-y'],
    packages: ['redis-server', 'valkey-server'],
  },
  { name: 'apk', install: ['add', '--no-cache'], packages: ['redis', 'valkey'] },
  { name: 'dnf', install: ['install', '-y'], packages: ['redis', 'valkey'] },
  { name: 'brew', rootless: true, install: ['install'], packages: ['redis', 'valkey'] },
];

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs Redis by the system's package manager: as root, or after a yes on a terminal.
 * @param {{ log: (line: string) => void }} options
 * @returns {Promise<boolean>} whether it was installed
 */
export async function installRedis({ log }) {
  const manager = MANAGERS.find(({ name }) => which(name));
  if (!manager) return false;
  const root = process.getuid?.() === 0;
  const prefix = root || manager.rootless ? [] : ['sudo'];
  const command = (/** @type {string[]} */ ...args) => [...prefix, manager.name, ...args];
  const shown = command(...manager.install, manager.packages[0] ?? '').join(' ');
  if (root && !manager.rootless) log(`no Redis here: installing it (${shown})`);
  else if (!(await agreed(`No Redis here. Install it with "${shown}"?`))) return false;

  if (manager.before) await run(command(...manager.before), { show: true, env: quietly() });
  const restore = root ? keepServicesDown() : () => {};
  try {
    for (const name of manager.packages) {
      if ((await run(command(...manager.install, name), { show: true, env: quietly() })).ok) return true;
    }
  } finally {
    restore();
  }
  log(`${shown} failed: see above`);
  return false;
}

/** No dialogue of debconf, and no service started: what is wanted is the program. */
function quietly() {
  return { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
}

/**
 * Debian starts a service as soon as it is installed, unless its policy says no. A policy that is there already is respected.
 * @returns {() => void} takes it back
 */
function keepServicesDown() {
  if (!existsSync('/etc/debian_version') || existsSync(POLICY)) return () => {};
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n');
  chmodSync(POLICY, 0o755);
  return () => rmSync(POLICY, { force: true });
}

/** @param {string} question */
async function agreed(question) {
  if (!process.stdin.isTTY || !process.stderr.isTTY || process.env.CI) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
