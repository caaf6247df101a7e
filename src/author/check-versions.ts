import { type Fault, isRecord } from './fault.js';

/** `version`, `upgrade` and `downgrade` of a checkpoint: chains without a gap that end at `version`. */
export function checkVersions(checkpoint: Record<string, unknown>, fault: Fault): void {
  const { version, upgrade = {}, downgrade = {} } = checkpoint;
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    return fault(
      '/checkpoint/version',
      'checkpoint.version must be a whole number from 1: raise it by one when the schema changes',
    );
  checkUpgrades(version as number, upgrade, fault);
  checkDowngrades(version as number, downgrade, fault);
}

function checkUpgrades(version: number, upgrade: unknown, fault: Fault): void {
  const from = migrations(upgrade, 'upgrade', fault);
  if (!from) return;
  for (const n of from.filter(n => n >= version))
    fault(
      `/checkpoint/upgrade/${n}`,
      `checkpoint.upgrade has ${n}, which would lead beyond version ${version}: raise checkpoint.version, or remove it`,
    );
  if (version === 1) return;
  for (const n of missing(Math.min(version - 1, ...from), version - 1, from))
    fault(
      `/checkpoint/upgrade/${n}`,
      `checkpoint.version is ${version}, but there is no upgrade from ${n}: add upgrade: { ${n}: old => … } that makes version ${n + 1} of it`,
    );
}

function checkDowngrades(version: number, downgrade: unknown, fault: Fault): void {
  const from = migrations(downgrade, 'downgrade', fault);
  if (!from) return;
  for (const n of from.filter(n => n > version || n < 2))
    fault(
      `/checkpoint/downgrade/${n}`,
      `checkpoint.downgrade has ${n}, but takes a version from 2 to ${version} one down: { ${Math.max(version, 2)}: now => … } makes version ${Math.max(version, 2) - 1}`,
    );
  const within = from.filter(n => n >= 2 && n <= version);
  if (within.length === 0) return;
  for (const n of missing(Math.min(...within), version, within))
    fault(
      `/checkpoint/downgrade/${n}`,
      `checkpoint.downgrade has no way from ${n} to ${n - 1}: add { ${n}: now => … }, or remove those below it`,
    );
}

/** @returns the versions that have a function; `undefined` where it is no record at all. */
function migrations(value: unknown, field: string, fault: Fault): number[] | undefined {
  if (!isRecord(value)) {
    fault(
      `/checkpoint/${field}`,
      `checkpoint.${field} must be an object of functions by version: { 1: old => … }`,
    );
    return undefined;
  }
  const versions: number[] = [];
  for (const [key, fn] of Object.entries(value)) {
    const version = Number(key);
    if (!Number.isSafeInteger(version) || version < 1)
      fault(
        `/checkpoint/${field}/${key}`,
        `checkpoint.${field} has the key ${JSON.stringify(key)}: keys are versions, whole numbers from 1`,
      );
    else if (typeof fn !== 'function')
      fault(`/checkpoint/${field}/${key}`, `checkpoint.${field}[${key}] must be a function: old => ({ … })`);
    else versions.push(version);
  }
  return versions;
}

function missing(first: number, last: number, present: number[]): number[] {
  const gaps: number[] = [];
  for (let n = first; n <= last; n++) if (!present.includes(n)) gaps.push(n);
  return gaps;
}
