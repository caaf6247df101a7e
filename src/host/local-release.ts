import type { JobManifest } from '../model/release.js';

/** A release on this machine, verified. */
export interface LocalRelease {
  release: string;
  entry: string;
  jobs: JobManifest[];
}
