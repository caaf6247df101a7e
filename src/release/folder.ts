import path from 'node:path';
import { parseManifest, verifyFiles } from '../model/manifest.js';
import { type Manifest, manifestDigest, releaseIdOf } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import { readFileIn, writeFiles } from '../platform/files.js';

/** A release on disk: `manifest.json` and its files beside it. A worker imports the manifest's `entry` from there. */
export interface ReleaseFolder {
  manifest: Manifest;
  digest: string;
  id: string;
  files: Map<string, Uint8Array>;
}

export async function writeRelease(
  release: Pick<ReleaseFolder, 'manifest' | 'files'>,
  folder: string,
): Promise<void> {
  const manifest = `${JSON.stringify(release.manifest, null, 2)}\n`;
  await writeFiles(
    folder,
    new Map<string, Uint8Array | string>([...release.files, ['manifest.json', manifest]]),
  );
}

/**
 * Reads what `writeRelease` wrote and checks every file against the manifest.
 * @throws SlackwaterError `not-found`, `invalid-manifest` or `digest-mismatch`.
 */
export async function readRelease(folder: string): Promise<ReleaseFolder> {
  const file = path.join(folder, 'manifest.json');
  const text = (await readFileIn(folder, 'manifest.json'))?.toString() ?? null;
  if (text === null)
    throw new SlackwaterError(
      'not-found',
      `there is no release in ${path.resolve(folder)}: make one with \`slackwater release build --out ${folder}\``,
    );
  const manifest = parseManifest(jsonOf(file, text));
  const files = await verifyFiles(manifest, ({ path: name }) => readFileIn(folder, name));
  const digest = manifestDigest(manifest);
  return { manifest, digest, id: releaseIdOf(digest), files };
}

function jsonOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SlackwaterError(
      'invalid-manifest',
      `${file} is not JSON (${(error as Error).message}): build the release again`,
    );
  }
}
