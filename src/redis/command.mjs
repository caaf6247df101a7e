import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * @param {string} name of a program
 * @returns {string | undefined} its path on the `PATH`
 */
export function which(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here: the next folder.
    }
  }
  return undefined;
}

/**
 * Runs a program to its end. What it prints goes to our stderr (`show`) or is returned; stdout stays free for data.
 * @param {string[]} command
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, timeout?: number, show?: boolean }} [options] timeout in ms
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function run([program = '', ...args], { env, cwd, timeout, show = false } = {}) {
  return new Promise(resolve => {
    let output = '';
    const child = spawn(program, args, {
      cwd,
      timeout,
      env: env ?? process.env,
      stdio: ['ignore', show ? 2 : 'pipe', show ? 2 : 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', text => (output += text));
    child.on('error', error => resolve({ ok: false, output: error.message }));
    child.on('close', code => resolve({ ok: code === 0, output }));
  });
}
