import { SlackwaterError } from '../platform/errors.js';
import { isJob, type JobDefinition } from './job.js';

/**
 * All jobs that the modules of a release export, by default or by name.
 * @param modules path within the jobs folder → module namespace.
 * @throws SlackwaterError `bad-definition`: two jobs of one name, or no job at all.
 */
export function collectJobs(modules: Record<string, Record<string, unknown>>): Map<string, JobDefinition> {
  const found = new Map<string, { job: JobDefinition; path: string }>();
  for (const path of Object.keys(modules).sort()) {
    for (const value of Object.values(modules[path]!)) {
      if (!isJob(value)) continue;
      const other = found.get(value.name);
      if (!other) found.set(value.name, { job: value, path });
      else if (other.job !== value) throw sameName(value.name, other.path, path);
    }
  }
  if (found.size === 0) throw noJob(Object.keys(modules));
  return new Map([...found].map(([name, { job }]) => [name, job]));
}

function sameName(name: string, first: string, second: string): SlackwaterError {
  const where = first === second ? `twice in ${first}` : `in ${first} and in ${second}`;
  return new SlackwaterError(
    'bad-definition',
    `job "${name}" is defined ${where}: give one of them another name`,
  );
}

function noJob(paths: string[]): SlackwaterError {
  const where = paths.length === 0 ? 'there is no module' : `none is exported by ${paths.sort().join(', ')}`;
  return new SlackwaterError(
    'bad-definition',
    `no job found (${where}): write "export default defineJob({ … })"`,
  );
}
