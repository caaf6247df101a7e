import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Scope } from '../support/scope.js';
import type { Events } from './events.js';
import { Member } from './member.js';
import type { CampaignRedis } from './redis.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
export const APP = 'campaign';
export const NAMESPACE = 'campaign';
export const QUEUE_PREFIX = 'campaign-queues';

export interface FleetOptions {
  dir: string;
  scope: Scope;
  events: Events;
  redis: CampaignRedis;
}

/** All processes of the product: two servers, three hosts with a worker each. */
export class Fleet {
  readonly members: Member[] = [];
  /** Names of those that ended though nobody had asked them to. */
  readonly deaths: string[] = [];
  #answering!: Member;

  private constructor(readonly options: FleetOptions) {}

  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    for (const name of ['server-1', 'server-2', 'host-1', 'host-2', 'host-3'])
      fleet.members.push(await fleet.#member(name));
    fleet.#answering = fleet.of('server')[0]!;
    await Promise.all(fleet.members.map(member => member.start()));
    return fleet;
  }

  of(kind: Member['kind']): Member[] {
    return this.members.filter(member => member.kind === kind);
  }

  /** Bundles a folder of `jobs/` and sends it. @returns the ID of the release. */
  async push(folder: string): Promise<string> {
    const [server] = this.of('server');
    const jobs = join(ROOT, 'bench/campaign/jobs', folder);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [CLI, 'release', 'push', '--jobs', jobs, '--app', APP, '--url', urlOf(server!), '--json'],
      { env: this.#env(this.options.redis.port), timeout: 120_000 },
    );
    return (JSON.parse(stdout) as { id: string }).id;
  }

  /** Asks the server that answered last, then the other. @throws Error of the last one that answered otherwise, or not at all. */
  async call<Answer>(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    let failure: unknown;
    for (const server of [this.#answering, ...this.of('server').filter(other => other !== this.#answering)]) {
      try {
        const answer = await ask<Answer>(urlOf(server), method, path, body, key);
        this.#answering = server;
        return answer;
      } catch (error) {
        failure = error;
        if (error instanceof Refused && error.status < 500) throw error;
      }
    }
    throw failure;
  }

  async #member(name: string): Promise<Member> {
    const { dir, scope, events, redis } = this.options;
    return Member.create({
      kind: name.startsWith('server') ? 'server' : 'host',
      name,
      dir,
      scope,
      events,
      redisPort: redis.port,
      env: port => this.#env(port),
      onDeath: name => {
        this.deaths.push(name);
        events.say(`!! ${name} ended by itself: see ${join(dir, `${name}.log`)}`);
      },
    });
  }

  #env(redisPort: number): NodeJS.ProcessEnv {
    const { PATH, HOME, TMPDIR } = process.env;
    return {
      PATH,
      HOME,
      ...(TMPDIR && { TMPDIR }),
      REDIS_URL: this.options.redis.urlAt(redisPort),
      SLACKWATER_NAMESPACE: NAMESPACE,
      SLACKWATER_QUEUE_PREFIX: QUEUE_PREFIX,
      SLACKWATER_REDIS_DURABILITY: 'wait',
      SLACKWATER_DATA: join(this.options.dir, 'product'),
      SLACKWATER_WORKERS: '1',
      SLACKWATER_LOCK_DURATION: '5s',
      SLACKWATER_HOST_KILL_AFTER: '1s',
      // The campaign's own kills are no fault of any run.
      SLACKWATER_HOST_CRASH_LIMIT: '10',
    };
  }
}

/** A server answered, and not as was hoped. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const urlOf = (server: Member): string => `http://127.0.0.1:${server.port}`;

async function ask<Answer>(
  url: string,
  method: string,
  path: string,
  body: unknown,
  key?: string,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': key }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(6_000),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Refused(
      response.status,
      `${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`,
    );
  return JSON.parse(text) as Answer;
}
