import { SlackwaterError } from '../platform/errors.js';

/** How a Redis can say that what it has survives a crash. */
export interface Assurances {
  /** `WAITAOF`: it is on the disk of this Redis. */
  disk: boolean;
  /** `WAIT`: a replica has it. */
  replica: boolean;
  /** It answers only when it is on its disk (`appendfsync always`): then there is nothing to wait for. */
  always: boolean;
}

/** @param info what `INFO` says. @param fsync `appendfsync`, where it may be asked for. */
export function assurancesOf(info: string, fsync: string | undefined): Assurances {
  const fact = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const aof = fact('aof_enabled') === '1';
  return {
    // Valkey began at 7.2 and goes on saying so.
    disk: aof && Number.parseFloat(fact('redis_version')) >= 7.2,
    replica: Number(fact('connected_slaves')) > 0,
    always: aof && fsync === 'always',
  };
}

export type Wait = [command: 'WAITAOF' | 'WAIT', ...args: number[]];

/** What is sent behind the saves. On the disk and with a replica, where both can be had: a crash may be followed by a failover. */
export function waitsFor({ disk, replica, always }: Assurances, timeoutMs: number): Wait[] {
  const waits: Wait[] = [];
  if (disk && !always) waits.push(['WAITAOF', 1, 0, timeoutMs]);
  if (replica) waits.push(['WAIT', 1, timeoutMs]);
  return waits;
}

/** @returns why one of these waits was in vain; `null`: none was. */
export function inVain(waits: Wait[], answers: unknown[], timeoutMs: number): SlackwaterError | null {
  for (const [i, [command]] of waits.entries()) {
    const answer = answers[i];
    const confirmed = Number(Array.isArray(answer) ? answer[0] : answer);
    if (confirmed >= 1) continue;
    const what =
      command === 'WAIT'
        ? 'that a replica has it: look at its replicas (INFO replication)'
        : 'that it is on its disk: look at its disk and its log';
    return new SlackwaterError(
      'unavailable',
      `the state is saved, but Redis did not confirm within ${timeoutMs} ms ${what}, or allow more time (redis.durabilityTimeout)`,
    );
  }
  return null;
}

export const noneOf = (): SlackwaterError =>
  new SlackwaterError(
    'bad-config',
    'redis.durability is "wait", but this Redis can confirm nothing: give it an append-only file and version 7.2 or later (or appendfsync always), or a replica; or set redis.durability to none',
  );

export const isNone = ({ disk, replica, always }: Assurances): boolean => !disk && !replica && !always;
