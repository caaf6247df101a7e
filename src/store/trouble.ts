/** Why Redis does not do what it is asked, though the asking was right. */
export interface Trouble {
  kind: 'away' | 'full' | 'read-only' | 'disk' | 'replicas' | 'loading' | 'cluster';
  /** What is wrong and what to change, for whoever asked for something. */
  text: string;
  /** The same, for whoever runs it. */
  fault: string;
  /** It stays until somebody does something. */
  lasts: boolean;
}

/** `todo`: for a trouble that lasts everybody is told to change something, else a client is told to ask again. */
interface Answer {
  kind: Trouble['kind'];
  what: string;
  todo: string;
  lasts?: boolean;
}

const SHORTLY = 'try again shortly';

const READ_ONLY: Answer = {
  kind: 'read-only',
  what: 'this Redis is a read-only replica',
  todo: 'point redis.url (REDIS_URL) at its master, or at the Sentinels (redis+sentinel://…)',
  lasts: true,
};

/**
 * How Redis begins its answer. From a script it comes as it is (7.0 and later) or in the middle of a sentence, behind a dash (6.2). A script
 * is refused at its first write, before anything has changed; so is each script of a transaction.
 */
const ANSWERS: Record<string, Answer> = {
  OOM: {
    kind: 'full',
    what: 'Redis is out of memory',
    todo: 'raise its maxmemory, or keep ended runs for a shorter time (retention)',
    lasts: true,
  },
  READONLY: READ_ONLY,
  /** What waits for something in a Redis that becomes a replica. */
  UNBLOCKED: READ_ONLY,
  MISCONF: {
    kind: 'disk',
    what: 'Redis cannot write to its disk',
    todo: 'make room there (its log says what failed)',
    lasts: true,
  },
  NOREPLICAS: {
    kind: 'replicas',
    what: 'Redis has fewer replicas than its min-replicas-to-write',
    todo: 'bring one back',
    lasts: true,
  },
  LOADING: { kind: 'loading', what: 'Redis is loading its data', todo: SHORTLY },
  MASTERDOWN: {
    kind: 'loading',
    what: 'this Redis is a replica that has lost its master',
    todo: SHORTLY,
  },
  CLUSTERDOWN: {
    kind: 'cluster',
    what: 'a part of the Redis Cluster is down',
    todo: `${SHORTLY}; if it stays so, look at its CLUSTER INFO`,
  },
  TRYAGAIN: { kind: 'cluster', what: 'the Redis Cluster is moving its keys', todo: SHORTLY },
};

const ANSWER = new RegExp(`(?:^|[\\s-])(${Object.keys(ANSWERS).join('|')}) `);
const AWAY_CODE = /^(ECONN|ENOENT|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;
const AWAY_TEXT =
  /enableOfflineQueue|Command timed out|Connection is (closed|in)|Socket timeout|connection close|Stream isn't|ECONN|EPIPE|ETIMEDOUT|sentinels are unreachable|startup nodes|slots cache|Cluster is (ended|disconnect)/i;

/** @returns `null` for an error that says something else. */
export function troubleOf(error: unknown): Trouble | null {
  if (!(error instanceof Error)) return null;
  const answer = ANSWERS[ANSWER.exec(error.message)?.[1] ?? ''];
  if (answer) return troubleFrom(answer);
  const { code, name, message, previousErrors } = error as Error & {
    code?: unknown;
    previousErrors?: unknown[];
  };
  // A transaction that was given up says only that; each of its commands says why.
  if (/^EXECABORT /.test(message)) return troubleOf(previousErrors?.[0]);
  if (name === 'MaxRetriesPerRequestError' || AWAY_CODE.test(String(code)) || AWAY_TEXT.test(message))
    return {
      kind: 'away',
      text: `Redis cannot be reached: ${SHORTLY} (with the same Idempotency-Key, if this was a POST)`,
      fault: 'Redis cannot be reached: see whether it runs, and whether redis.url (REDIS_URL) names it',
      lasts: false,
    };
  return null;
}

function troubleFrom({ kind, what, todo, lasts = false }: Answer): Trouble {
  if (!lasts) return { kind, text: `${what}: ${todo}`, fault: what, lasts };
  return { kind, text: `${what}, and nothing was stored: ${todo}`, fault: `${what}: ${todo}`, lasts };
}
