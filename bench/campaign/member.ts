import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendants } from '../../test/support/process-tree.js';
import { Child } from '../support/child.js';
import type { Scope } from '../support/scope.js';
import type { Events } from './events.js';
import { type Link, openLink } from './link.js';
import { freePort } from './redis.js';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const CLOCK = new URL('./clock.mjs', import.meta.url).href;

export interface MemberOptions {
  kind: 'server' | 'host';
  name: string;
  dir: string;
  scope: Scope;
  events: Events;
  redisPort: number;
  /** Of its process, with the address of Redis by this port. */
  env(redisPort: number): NodeJS.ProcessEnv;
  /** It ended, and nobody had asked it to. */
  onDeath(name: string): void;
}

/** One server or host: its process, which may die and come back, its way to Redis, and its clock. */
export class Member {
  #child: Child | null = null;
  #log: string;
  /** What is being done to it: `process`, `link`, `clock`, one at a time each. */
  readonly troubles = new Set<string>();

  private constructor(
    private readonly options: MemberOptions,
    readonly link: Link,
    /** Where it answers; 0: it is a host. */
    readonly port: number,
  ) {
    this.#log = join(options.dir, `${options.name}.log`);
    this.setClock(0);
  }

  static async create(options: MemberOptions): Promise<Member> {
    const link = await openLink(options.redisPort, options.scope);
    return new Member(options, link, options.kind === 'server' ? await freePort() : 0);
  }

  get name(): string {
    return this.options.name;
  }

  get kind(): 'server' | 'host' {
    return this.options.kind;
  }

  get isUp(): boolean {
    return this.#child !== null;
  }

  /** Resolves when it serves. It tries again where it ends before: a server gives up when Redis is away for long. */
  async start(): Promise<void> {
    for (;;) {
      const child = this.#fork();
      const ready =
        this.kind === 'server' ? child.printed(/ready http/, 60_000) : child.message('ready', 60_000);
      const served = await ready.then(
        () => true,
        () => false,
      );
      if (this.options.scope.isClosed) return;
      if (!served) {
        this.options.events.say(`${this.name} did not come up; again`);
        await child.stop();
        continue;
      }
      this.#child = child;
      void child.exited.then(() => {
        // Whoever ends it takes it away first.
        if (this.#child !== child || this.options.scope.isClosed) return;
        this.#child = null;
        this.options.onDeath(this.name);
        void this.start();
      });
      return;
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    child?.kill();
    await child?.exited;
  }

  /** In good order. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.stop(40_000);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Process IDs of a host's workers. */
  get workers(): number[] {
    if (!this.#child) return [];
    return descendants(this.#child.pid)
      .filter(({ command }) => /worker/.test(command))
      .map(({ pid }) => pid);
  }

  /** How far its clock is ahead, ms. */
  setClock(aheadMs: number): void {
    writeFileSync(this.#clockFile, String(aheadMs));
  }

  get #clockFile(): string {
    return join(this.options.dir, `${this.name}.clock`);
  }

  #fork(): Child {
    const args = this.kind === 'server' ? ['serve', '--port', String(this.port)] : ['host'];
    const env = {
      ...this.options.env(this.link.port),
      CAMPAIGN_CLOCK: this.#clockFile,
      NODE_OPTIONS: `--import=${CLOCK}`,
    };
    return new Child(CLI, args, { scope: this.options.scope, env, log: this.#log }, this.name);
  }
}
