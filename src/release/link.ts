import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { OnLoadResult, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { isOwnFile, OWN_MODULES, PACKAGE_ROOT } from './own-package.js';

const SEEN = Symbol('resolved by us already');

/** How a jobs folder anywhere, even without a node_modules, is linked with Slackwater and zod. */
export function linkPlugin(root: string): Plugin {
  return {
    name: 'slackwater-link',
    setup(build) {
      build.onResolve({ filter: /^slackwater($|\/)/ }, args => ownModule(args));
      build.onResolve({ filter: /^zod($|\/)/ }, args => zodFor(build, root, args));
      build.onResolve({ filter: /\.node$/ }, args => nativeAddon(args));
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, args =>
        isAuthors(root, args.path) ? authorsModule(root, args.path) : undefined,
      );
    },
  };
}

function ownModule(args: OnResolveArgs): OnResolveResult {
  const file = OWN_MODULES[args.path];
  if (file) return { path: file };
  return {
    errors: [{ text: `"${args.path}" does not exist: import from "slackwater" or "slackwater/testing"` }],
  };
}

/**
 * zod comes from where the importing module would find it, else from beside Slackwater. Slackwater's own modules take the jobs' copy
 * too, if that is zod 4 or later: a release then holds one zod, and the same one with or without a node_modules of its own.
 */
async function zodFor(
  build: PluginBuild,
  root: string,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (args.pluginData === SEEN) return undefined;
  const { path: name, importer, kind } = args;
  const from = (resolveDir: string) => build.resolve(name, { importer, kind, resolveDir, pluginData: SEEN });
  const ours = isOwnFile(importer);
  const near = await from(ours ? root : args.resolveDir);
  const found = near.errors.length > 0 || (ours && zodMajor(near.path) < 4) ? await from(PACKAGE_ROOT) : near;
  return { path: found.path, sideEffects: found.sideEffects, errors: found.errors, warnings: found.warnings };
}

function zodMajor(file: string): number {
  const folder = /^.*[\\/]node_modules[\\/]zod[\\/]/.exec(file)?.[0];
  if (!folder) return Number.POSITIVE_INFINITY;
  return Number.parseInt(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version, 10);
}

function nativeAddon(args: OnResolveArgs): OnResolveResult {
  const text = `${args.path} is a native addon, and a release holds JavaScript only, the same for every machine`;
  const note = 'Use a package in JavaScript or WebAssembly, or call the native program as a child process.';
  return { errors: [{ text, notes: [{ text: note }] }] };
}

const isAuthors = (root: string, file: string) =>
  file.startsWith(root + path.sep) && !file.slice(root.length).includes(`${path.sep}node_modules${path.sep}`);

const BY_ITS_OWN_PLACE = /new URL\([^)]*import\.meta\.url|import\.meta\.(dirname|filename)|\b__dirname\b/;
const NAMED_Z = /^(\s*)import\s*(?:\{\s*z\s*,?\s*\}|\bz)\s*from\s*(['"]zod['"])/gm;

/**
 * `import { z } from 'zod'` binds zod as one object, all its languages included, and takes four times the room of `import * as z`,
 * which means the same and lets esbuild leave out what is not used.
 */
async function authorsModule(root: string, file: string): Promise<OnLoadResult> {
  const text = await readFile(file, 'utf8');
  const extension = path.extname(file).slice(1).replace(/^[cm]/, '');
  const warning = `${path.relative(root, file)} looks for files by its own place, which in a release is the release's folder. Import what it reads (JSON, text and WebAssembly can be imported), or take an absolute path from the payload`;
  return {
    contents: text.replace(NAMED_Z, '$1import * as z from $2'),
    loader: extension as 'ts' | 'tsx' | 'js' | 'jsx',
    warnings: BY_ITS_OWN_PLACE.test(text) ? [{ text: warning }] : [],
  };
}
