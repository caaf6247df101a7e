import { setTimeout as wait } from 'node:timers/promises';
import { isAlive } from '../../test/support/process-tree.js';
import type { Events } from './events.js';
import type { Fleet } from './fleet.js';
import type { Member } from './member.js';
import { FAULT_KINDS, type FaultKind, type PlannedFault } from './plan-faults.js';
import type { CampaignRedis } from './redis.js';

type Undo = () => unknown;

/** Inflicts the planned faults, each at its time and for its time. */
export class Faults {
  readonly survived = Object.fromEntries(FAULT_KINDS.map(kind => [kind, 0])) as Record<FaultKind, number>;
  readonly #underWay = new Set<Promise<void>>();
  #redisTrouble = false;

  constructor(
    private readonly fleet: Fleet,
    private readonly redis: CampaignRedis,
    private readonly events: Events,
  ) {}

  /** Resolves when all is over and undone: after the last of them, or soon after the signal. */
  async inflict(plan: PlannedFault[], signal: AbortSignal): Promise<void> {
    const began = this.events.now;
    for (const fault of plan) {
      await quietly(wait(Math.max(0, began + fault.at - this.events.now), undefined, { signal }));
      if (signal.aborted) break;
      const going = this.#one(fault, signal).finally(() => this.#underWay.delete(going));
      this.#underWay.add(going);
    }
    await Promise.all(this.#underWay);
  }

  async #one(fault: PlannedFault, signal: AbortSignal): Promise<void> {
    const struck = await this.#strike(fault);
    if (!struck) return;
    const { whom, undo } = struck;
    this.events.say(`fault: ${fault.kind} of ${whom}${detailOf(fault)}`);
    await quietly(wait(fault.lastsMs, undefined, { signal }));
    await undo();
    if (fault.lastsMs > 0) this.events.say(`  over: ${fault.kind} of ${whom}`);
    this.survived[fault.kind]++;
  }

  /** @returns null where nobody is there who could be struck: all are in trouble already. */
  async #strike(fault: PlannedFault): Promise<{ whom: string; undo: Undo } | null> {
    if (/Redis|memory/.test(fault.kind)) return this.#strikeRedis(fault);
    const part = /^(link|clock)/.exec(fault.kind)?.[1] ?? 'process';
    const kind = /^(worker|host|machine)/.test(fault.kind)
      ? 'host'
      : /^server/.test(fault.kind)
        ? 'server'
        : null;
    const members = kind ? this.fleet.of(kind) : this.fleet.members;
    const free = members.filter(member => member.isUp && !member.troubles.has(part));
    const member = free[Math.floor(fault.draw * free.length)];
    if (!member) return null;
    member.troubles.add(part);
    const undo = await strikeMember(member, fault);
    return {
      whom: member.name,
      async undo() {
        await undo();
        member.troubles.delete(part);
      },
    };
  }

  async #strikeRedis({ kind }: PlannedFault): Promise<{ whom: string; undo: Undo } | null> {
    if (this.#redisTrouble) return null;
    this.#redisTrouble = true;
    const { redis } = this;
    if (kind === 'Redis SIGKILL') await redis.kill();
    else if (kind === 'Redis SIGSTOP') redis.freeze();
    else await redis.fill();
    return {
      whom: 'Redis',
      undo: async () => {
        if (kind === 'Redis SIGKILL') await redis.restart();
        else if (kind === 'Redis SIGSTOP') redis.thaw();
        else await redis.makeRoom();
        this.#redisTrouble = false;
      },
    };
  }
}

async function strikeMember(member: Member, { kind, size, drawWorker }: PlannedFault): Promise<Undo> {
  const { link, workers } = member;
  // While a window prepares there are two: that of the release that runs, and that of the next one.
  const worker = workers.slice(Math.floor(drawWorker * workers.length)).slice(0, 1);
  switch (kind) {
    case 'host SIGKILL':
    case 'server SIGKILL':
      await member.kill();
      return () => member.start();
    case 'host SIGSTOP':
    case 'server SIGSTOP':
      return stopped(member);
    case 'machine SIGSTOP': {
      const below = stoppedWorkers(workers);
      const itself = stopped(member);
      return () => {
        below();
        itself();
      };
    }
    case 'worker SIGSTOP':
      return stoppedWorkers(worker);
    case 'worker SIGKILL':
      for (const pid of worker) signal(pid, 'SIGKILL');
      return () => {};
    case 'link cut':
      link.cut();
      return () => link.mend();
    case 'link slow':
      link.slow(size);
      return () => link.mend();
    case 'link reset':
      link.reset();
      return () => {};
    case 'clock set':
      member.setClock(size);
      return () => member.setClock(0);
    default:
      throw new Error(`${kind} strikes no process`);
  }
}

function stopped(member: Member): Undo {
  member.signal('SIGSTOP');
  return () => member.signal('SIGCONT');
}

/** One whose host dies meanwhile leaves as soon as it goes on. */
function stoppedWorkers(pids: number[]): Undo {
  for (const pid of pids) signal(pid, 'SIGSTOP');
  return () => {
    for (const pid of pids) signal(pid, 'SIGCONT');
  };
}

/** It may have ended since it was found. */
function signal(pid: number, name: NodeJS.Signals): void {
  if (isAlive(pid)) process.kill(pid, name);
}

function detailOf({ kind, lastsMs, size }: PlannedFault): string {
  const how =
    kind === 'link slow' ? ` by ${size} ms` : kind === 'clock set' ? ` by ${Math.round(size / 1_000)} s` : '';
  return how + (lastsMs > 0 ? ` for ${(lastsMs / 1_000).toFixed(1)} s` : '');
}

const quietly = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => {});
