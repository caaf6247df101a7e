import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this copy of Slackwater lies: its compiled form in `dist/`, or, in its own tests, the sources in `src/`. */
const here = realpathSync(fileURLToPath(import.meta.url));
const fromSource = here.endsWith('.ts');

export const PACKAGE_ROOT = path.resolve(path.dirname(here), '..', '..');

const ownFile = (name: string) =>
  path.join(PACKAGE_ROOT, fromSource ? 'src' : 'dist', `${name}.${fromSource ? 'ts' : 'js'}`);

/** What a release links when it imports `slackwater` or `slackwater/testing`: always the copy that builds it. */
export const OWN_MODULES: Record<string, string> = {
  slackwater: ownFile('index'),
  'slackwater/testing': ownFile('testing'),
};

export const isOwnFile = (file: string): boolean => {
  const relative = path.relative(PACKAGE_ROOT, file);
  return /^(dist|src)[\\/]/.test(relative);
};

/** The program of the describing child, and what node needs to run it. */
export function describeProgram(): { file: string; execArgv: string[] } {
  const execArgv = ['--enable-source-maps'];
  const file = path.join(path.dirname(here), `describe-main.${fromSource ? 'ts' : 'js'}`);
  if (fromSource) execArgv.push('--import', `file://${createRequire(import.meta.url).resolve('tsx')}`);
  if (!existsSync(file)) throw new Error(`${file} is missing: install slackwater again`);
  return { file, execArgv };
}
