import type { LedgerFindings } from './audit/ledger.js';
import type { RedisFindings } from './audit/redis.js';
import type { WindowFate } from './follow-window.js';
import type { FaultKind } from './plan-faults.js';

/** One figure that must be zero, and what it counted. */
interface Zero {
  what: string;
  found: string[];
}

/** The whole account of a campaign. */
export interface Account {
  seed: number;
  minutes: number;
  redis: string;
  accepted: number;
  finished: number;
  starts: number;
  items: number;
  again: number;
  unconfirmed: number;
  zeros: Zero[];
  faults: Record<FaultKind, number>;
  /** How windows ended, by strategy and release. */
  windows: Record<string, Record<string, number>>;
  held: number;
  good: boolean;
}

export interface Evidence {
  seed: number;
  minutes: number;
  redisVersion: string;
  ledger: LedgerFindings;
  redis: RedisFindings;
  windows: WindowFate[];
  hooks: Map<string, number>;
  faults: Record<FaultKind, number>;
  /** Processes that ended though nobody had asked them to. */
  deaths: string[];
}

/** Holds the ledger, Redis, and what the person at the console saw against each other. */
export function account(evidence: Evidence): Account {
  const { ledger, redis, windows, seed, minutes, faults } = evidence;
  const zeros = zerosOf(evidence);
  return {
    seed,
    minutes,
    redis: evidence.redisVersion,
    accepted: redis.runs.length,
    finished: redis.runs.filter(({ place }) => place === 'completed').length,
    starts: ledger.starts,
    items: ledger.items,
    again: ledger.again,
    unconfirmed: ledger.unconfirmed,
    zeros,
    faults,
    windows: outcomes(windows),
    held: windows.filter(({ held }) => held.length > 0).length,
    good: zeros.every(({ found }) => found.length === 0),
  };
}

function zerosOf({ ledger, redis, windows, hooks, deaths }: Evidence): Zero[] {
  const bad = ['unloadable', 'unreadable'];
  return [
    { what: 'runs lost', found: lost(redis) },
    { what: 'runs that did not complete', found: unfinished(redis) },
    { what: 'completed runs whose ledger says otherwise', found: contradictions(redis, ledger) },
    { what: 'children missing', found: redis.childrenMissing },
    { what: 'items done twice', found: ledger.repeated },
    { what: 'steps done twice', found: ledger.twice },
    { what: 'checkpoints that went back', found: ledger.back },
    { what: 'two fences computing at once', found: ledger.together },
    { what: 'attempts spent', found: [...ledger.attempts, ...failures(redis)] },
    { what: 'windows not ended', found: windows.filter(({ unended }) => unended).map(({ id }) => id) },
    { what: 'windows open in Redis', found: redis.openWindows },
    { what: 'windows held without reason', found: windows.filter(isHeldInVain).map(({ id }) => id) },
    {
      what: 'bad releases let in',
      found: windows
        .filter(({ release, outcome }) => bad.includes(release) && outcome === 'completed')
        .map(({ id, release }) => `${id}: ${release}`),
    },
    { what: 'hooks done twice', found: hooksTwice(windows, hooks) },
    { what: 'holds left behind', found: redis.holds },
    { what: 'queues left paused', found: redis.paused },
    { what: 'intake not open', found: redis.intent === null ? [] : [redis.intent] },
    { what: 'states left behind', found: redis.statesLeft },
    { what: 'processes that ended by themselves', found: deaths },
  ];
}

const lost = ({ runs }: RedisFindings) => runs.filter(({ place }) => place === 'lost').map(({ id }) => id);

const unfinished = ({ runs }: RedisFindings) =>
  runs
    .filter(({ place }) => place === 'failed' || place === 'unfinished')
    .map(({ id, place, why }) => `${id} is ${place}${why ? `: ${why}` : ''}`);

const failures = ({ runs }: RedisFindings) =>
  runs
    .filter(({ failures }) => failures > 0)
    .map(({ id, failures }) => `${id} has ${failures} failures in Redis`);

/** A run that has completed has begun every item, and has the step that is sure. */
function contradictions({ runs }: RedisFindings, ledger: LedgerFindings): string[] {
  return runs.flatMap(({ id, place, items, result }) => {
    if (place !== 'completed') return [];
    const begun = ledger.begun.get(id) ?? new Set();
    const left = Array.from({ length: items }, (_, item) => item).filter(item => !begun.has(item));
    const seed = ledger.sure.get(id)?.get('seed');
    return [
      ...(left.length > 0 ? [`${id} left out ${left.join(', ')}`] : []),
      ...(result?.items !== items
        ? [`${id} has the result ${JSON.stringify(result)}, for ${items} items`]
        : []),
      ...(seed !== undefined && result?.seed !== seed
        ? [`${id} ended with seed ${result?.seed}, and ${seed} was sure`]
        : []),
    ];
  });
}

/** Only a hook that may or may not have been done leaves a window waiting for a person. */
const isHeldInVain = ({ held, hooks }: WindowFate) =>
  held.some(reason => reason === '') || (held.length > 0 && hooks.length === 0);

/** One that is idempotent may be done again, and so may one that a person asked for again. */
function hooksTwice(windows: WindowFate[], begun: Map<string, number>): string[] {
  return windows.flatMap(({ id, hooks, retried }) =>
    hooks
      .filter(({ name, idempotent }) => !idempotent && !retried && (begun.get(`${id} ${name}`) ?? 0) > 1)
      .map(({ name }) => `${name} of ${id}: ${begun.get(`${id} ${name}`)} times`),
  );
}

function outcomes(windows: WindowFate[]): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {};
  for (const { release, strategy, outcome } of windows) {
    const row = `${strategy}, ${release === 'v1' || release === 'v2' ? 'good' : release}`;
    table[row] ??= {};
    table[row][outcome ?? 'not ended'] = (table[row][outcome ?? 'not ended'] ?? 0) + 1;
  }
  return table;
}
