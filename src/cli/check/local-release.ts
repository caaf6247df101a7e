import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { manifestOf, verifyFiles } from '../../model/manifest.js';
import type { JobManifest, Manifest, Release } from '../../model/release.js';
import type { WorkflowManifest } from '../../model/workflow.js';
import { SlackwaterError } from '../../platform/errors.js';
import { writeFiles } from '../../platform/files.js';
import type { Client } from '../client.js';
import { part } from '../connect.js';

/** A release whose files lie in a folder of their own until `remove`. */
export interface LocalRelease {
  id: string;
  app: string;
  jobs: ReadonlyMap<string, JobManifest>;
  workflows: ReadonlyMap<string, WorkflowManifest>;
  /** Absolute path of the module to import. */
  entry: string;
  remove(): Promise<void>;
}

export async function layOut(release: {
  id: string;
  manifest: Manifest;
  files: Map<string, Uint8Array>;
}): Promise<LocalRelease> {
  const { id, manifest, files } = release;
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'slackwater-check-'));
  await writeFiles(folder, files);
  return {
    id,
    app: manifest.app,
    jobs: new Map(manifest.jobs.map(job => [job.name, job])),
    workflows: new Map(manifest.workflows.map(workflow => [workflow.name, workflow])),
    entry: path.join(folder, ...manifest.entry.split('/')),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Fetches a pushed release, every file checked against its digest. @throws SlackwaterError `not-found`, `digest-mismatch` */
export async function fetchRelease(client: Client, id: string): Promise<LocalRelease> {
  const release = await client.get<Release>(`/v1/releases/${part(id)}`);
  const manifest = manifestOf(release);
  const files = await verifyFiles(manifest, ({ sha256 }) =>
    client.bytes(`/v1/blobs/${sha256}`).catch(error => {
      if (error instanceof SlackwaterError && error.code === 'not-found') return null;
      throw error;
    }),
  );
  return layOut({ id: release.id, manifest, files });
}
