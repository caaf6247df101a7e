import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { SlackwaterError } from '../platform/errors.js';

const MODULE = /\.(ts|tsx|mts|cts|js|mjs|cjs)$/;
/** Beside jobs there lie tests, declarations, settings of tools, and what its author put aside with a leading `_`. */
const PUT_ASIDE = /^[_.]|\.(test|spec|config)\.[^.]+$|\.d\.[cm]?ts$/;

/** Whether a file of this name is a module of the release. A leading `_` keeps it out, but not from being imported. */
export const isModuleName = (name: string): boolean => MODULE.test(name) && !PUT_ASIDE.test(name);

/** Directly in a jobs folder: saved states that every new build must read. No part of a release. */
export const STATES_FOLDER = 'states';

/**
 * The modules of a jobs folder, sub-folders included.
 * @returns the folder as the file system knows it (symbolic links resolved), and paths relative to it with `/`, sorted; `leftOut`: modules among the
 * saved states.
 * @throws SlackwaterError `bad-definition` if there is no such folder or no module in it.
 */
export async function findModules(
  folder: string,
): Promise<{ root: string; modules: string[]; leftOut: string[] }> {
  const wanted = path.resolve(folder);
  const info = await stat(wanted).catch(() => null);
  if (info === null)
    throw new SlackwaterError(
      'bad-definition',
      `there is no folder ${wanted}: name your jobs folder with --jobs`,
    );
  if (!info.isDirectory())
    throw new SlackwaterError(
      'bad-definition',
      `${wanted} is a file: name the folder that holds it with --jobs`,
    );
  const root = await realpath(wanted);
  const found = (await walk(root, '')).sort((a, b) => (a < b ? -1 : 1));
  const amongStates = (file: string) => file.startsWith(`${STATES_FOLDER}/`);
  const modules = found.filter(file => !amongStates(file));
  if (modules.length === 0)
    throw new SlackwaterError(
      'bad-definition',
      `${wanted} holds no module: put a .ts or .js file there that exports a job made by defineJob (names that begin with "_" or end in .test, .spec or .config are left out)`,
    );
  return { root, modules, leftOut: found.filter(amongStates) };
}

async function walk(root: string, below: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(path.join(root, below), { withFileTypes: true })) {
    const relative = below ? `${below}/${entry.name}` : entry.name;
    if (PUT_ASIDE.test(entry.name) || entry.name === 'node_modules') continue;
    if (entry.isDirectory()) found.push(...(await walk(root, relative)));
    else if (isModuleName(entry.name) && (await isFile(path.join(root, relative)))) found.push(relative);
  }
  return found;
}

/** A link counts as what it points to. */
const isFile = async (file: string) => (await stat(file).catch(() => null))?.isFile() ?? false;
