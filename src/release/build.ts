import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseManifest, sha256Of } from '../model/manifest.js';
import { type Manifest, manifestDigest, releaseIdOf } from '../model/release.js';
import { writeFiles } from '../platform/files.js';
import { appNameOf } from './app-name.js';
import { bundle, ENTRY } from './bundle.js';
import { type Definitions, describeBundle } from './describe.js';
import { findModules } from './find-modules.js';
import { writeRelease } from './folder.js';

export interface BuiltRelease {
  manifest: Manifest;
  /** SHA-256 of the manifest, 64 hex digits: the release's name. `id` is its first 12. */
  digest: string;
  id: string;
  /** By path within the release. */
  files: Map<string, Uint8Array>;
  warnings: string[];
}

export interface BuildOptions {
  /** The jobs folder. Every module in it, sub-folders included, becomes part of the release. */
  jobs: string;
  /** Default: `slackwater.app` of the nearest package.json, else `default`. */
  app?: string;
  /** Where to write the release as well. */
  outDir?: string;
  /** How long importing the jobs may take, ms. Default 20,000. */
  importLimitMs?: number;
}

/**
 * Makes a release from a jobs folder: one bundle, its source map, and the manifest that tells what is inside. The same modules give
 * the same digest in any folder and on any machine.
 * @throws SlackwaterError `bad-definition`, ready to be shown to the author.
 */
export async function buildRelease(options: BuildOptions): Promise<BuiltRelease> {
  const { root, modules, leftOut } = await findModules(options.jobs);
  const app = await appNameOf(root, options.app);
  const { files, warnings } = await bundle(root, modules);
  const { jobs, workflows, schedules } = await definitionsIn(files, options.importLimitMs ?? 20_000);
  const manifest = parseManifest({
    format: 1,
    app,
    entry: ENTRY,
    files: [...files].map(([file, bytes]) => ({ path: file, sha256: sha256Of(bytes), bytes: bytes.length })),
    jobs,
    workflows,
    schedules,
  });
  for (const file of leftOut)
    warnings.push(
      `${file} is left out: states/ in a jobs folder is for saved states. Move the module elsewhere`,
    );
  const digest = manifestDigest(manifest);
  const built = { manifest, digest, id: releaseIdOf(digest), files, warnings };
  if (options.outDir !== undefined) await writeRelease(built, options.outDir);
  return built;
}

async function definitionsIn(files: Map<string, Uint8Array>, limitMs: number): Promise<Definitions> {
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'slackwater-release-'));
  try {
    await writeFiles(folder, files);
    return await describeBundle(path.join(folder, ENTRY), limitMs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
