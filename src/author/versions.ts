import type { CheckpointDefinition } from './job.js';

/** Versions that this code can bring up to its own, its own included, rising. */
export function readableVersions({ version, upgrade }: CheckpointDefinition): number[] {
  const versions = [version];
  while (upgrade[versions[0]! - 1]) versions.unshift(versions[0]! - 1);
  return versions;
}

/** Versions to which this code can bring its states down, its own included, rising. */
export function writableVersions({ version, downgrade }: CheckpointDefinition): number[] {
  const versions = [version];
  while (downgrade[versions[0]!]) versions.unshift(versions[0]! - 1);
  return versions;
}
