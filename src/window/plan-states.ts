import type { JobManifest, Release } from '../model/release.js';
import { countLiveStates } from '../queue/live-states.js';
import type { Store } from '../store/redis.js';
import { count } from './table/sentences.js';

/** What speaks against a window, as a sentence; with `refuses` it would not go to its release. */
export interface Warning {
  text: string;
  refuses?: boolean;
}

/** What the two manifests, and the versions of the live states, tell of states that cannot be carried over. */
export async function stateWarnings(
  store: Store,
  release: Release,
  previous: Release | null,
): Promise<Warning[]> {
  const jobs = new Map(release.jobs.map(job => [job.name, job]));
  const warnings = (previous?.jobs ?? []).map(async old => {
    const job = jobs.get(old.name);
    if (!job) return [await left(store, old)];
    const version = old.checkpointVersion;
    if (version === null || job.reads.includes(version)) return [];
    return isOlder(job, version) ? withoutWayDown(store, job, old) : [await unreadable(store, job, old)];
  });
  return (await Promise.all(warnings)).flat();
}

async function left(store: Store, { queue, name: job }: JobManifest): Promise<Warning> {
  const runs = await countLiveStates(store, { queue, job });
  return runs === 0
    ? { text: `job ${job} is not in the release: runs of it that have a state would refuse it` }
    : {
        text: `job ${job} is not in the release, and ${count(runs, 'run')} of it ${has(runs)} a state: it would be refused`,
        refuses: true,
      };
}

async function unreadable(store: Store, job: JobManifest, old: JobManifest): Promise<Warning> {
  const version = old.checkpointVersion!;
  const runs = await countLiveStates(store, { queue: old.queue, job: old.name, version });
  const reads =
    job.reads.length === 0
      ? 'no states'
      : `states of ${count(job.reads.length, 'version')} (${job.reads.join(', ')})`;
  const text = `job ${job.name} reads ${reads}, and those saved now have version ${version}: add an upgrade from ${version}`;
  if (runs === 0) return { text };
  return { text: `${text}. ${count(runs, 'run')} ${has(runs)} one: it would be refused`, refuses: true };
}

/** Of live states that are of a later version than the release reads: what becomes of those that cannot be brought down. */
async function withoutWayDown(store: Store, job: JobManifest, old: JobManifest): Promise<Warning[]> {
  const version = old.checkpointVersion!;
  if (old.writes.some(written => job.reads.includes(written))) return [];
  const runs = await countLiveStates(store, { queue: old.queue, job: old.name, version });
  if (runs === 0) return [];
  const fate =
    old.onRollback === 'park' ? 'would be parked' : 'would repeat what they did since an earlier state';
  return [
    {
      text: `job ${old.name} has no downgrade from version ${version} to what the release reads (${job.reads.join(', ')}): ${count(runs, 'run')} ${fate} (onRollback: ${old.onRollback})`,
    },
  ];
}

/** Code that reads older states only: those saved now have to come down. */
const isOlder = ({ checkpointVersion }: JobManifest, version: number): boolean =>
  checkpointVersion !== null && checkpointVersion < version;

const has = (runs: number): string => (runs === 1 ? 'has' : 'have');
