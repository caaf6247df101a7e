import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { Random } from '../../test/simulation/random.js';
import type { Scope } from '../support/scope.js';
import { type Fleet, QUEUE_PREFIX } from './fleet.js';
import type { CampaignRedis } from './redis.js';

const JOBS = ['campaign.quick', 'campaign.slow'] as const;
type Job = (typeof JOBS)[number];

/** So many are in flight all the time. */
const IN_FLIGHT: Record<Job, number> = { 'campaign.quick': 196, 'campaign.slow': 4 };
const LOOK_EVERY_MS = 300;
/** A batch whose answer does not come is asked for again and again; so many at once, at most. */
const BATCHES = 6;

export interface AcceptedRun {
  id: string;
  job: Job;
  items: number;
}

interface Payload {
  ledger: string;
  n: number;
  items: number;
  stepMs: number;
  deaf: boolean;
}

export interface ProducerOptions {
  fleet: Fleet;
  redis: CampaignRedis;
  random: Random;
  /** The folder of the ledger. */
  ledger: string;
  scope: Scope;
}

/**
 * Keeps 200 runs in flight: as some end, others are asked for, half of them over HTTP under a key, half as any BullMQ client does it, under an ID. A request that fails is
 * made again with the same key or ID. A run counts as accepted when its answer is known to be on the disk of Redis.
 */
export class Producer {
  readonly accepted: AcceptedRun[] = [];
  readonly #inFlight = new Map<string, Job>();
  readonly #asking = new Set<Promise<void>>();
  readonly #queues: Record<Job, Queue>;
  #n = 0;

  constructor(private readonly options: ProducerOptions) {
    const { redis, scope } = options;
    this.#queues = Object.fromEntries(
      JOBS.map(job => {
        const queue = new Queue(job, { connection: redis.direct, prefix: QUEUE_PREFIX });
        queue.on('error', () => {});
        scope.defer(() => queue.close());
        return [job, queue];
      }),
    ) as Record<Job, Queue>;
  }

  async keepBusy(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#forgetEnded();
      for (const job of JOBS) this.#refill(job, signal);
      await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
    await Promise.all(this.#asking);
  }

  /** Those that have not ended. */
  async left(): Promise<string[]> {
    await this.#forgetEnded();
    return [...this.#inFlight.keys()];
  }

  #refill(job: Job, signal: AbortSignal): void {
    const flying = [...this.#inFlight.values()].filter(each => each === job).length;
    const missing = IN_FLIGHT[job] - flying;
    if (missing <= 0 || this.#asking.size >= BATCHES) return;
    const payloads = Array.from({ length: missing }, () => this.#payload(job));
    const asking = this.#ask(job, payloads, signal).finally(() => this.#asking.delete(asking));
    this.#asking.add(asking);
  }

  #payload(job: Job): Payload {
    const { random, ledger } = this.options;
    const own =
      job === 'campaign.quick'
        ? { items: random.between(4, 30), stepMs: random.between(250, 1_400), deaf: false }
        : { items: random.between(2, 5), stepMs: random.between(2_000, 5_000), deaf: random.chance(0.5) };
    return { ledger, n: this.#n++, ...own };
  }

  async #ask(job: Job, payloads: Payload[], signal: AbortSignal): Promise<void> {
    const { redis } = this.options;
    const [first] = payloads;
    const over =
      first!.n % 2 === 0 ? () => this.#overHttp(job, payloads) : () => this.#overBullmq(job, payloads);
    for (;;) {
      try {
        const ids = await redis.surely(over);
        for (const [i, id] of ids.entries()) {
          this.accepted.push({ id, job, items: payloads[i]!.items });
          this.#inFlight.set(id, job);
        }
        return;
      } catch {
        // Nobody could be reached, or the memory of Redis is full: again, as every producer would.
        if (signal.aborted) return;
      }
      await wait(700, undefined, { signal }).catch(() => {});
    }
  }

  async #overHttp(job: Job, payloads: Payload[]): Promise<string[]> {
    const body = payloads.map(payload => ({ payload }));
    const key = `batch-${payloads[0]!.n}`;
    const { items } = await this.options.fleet.call<{ items: { id: string }[] }>(
      'POST',
      `/v1/jobs/${job}/runs/bulk`,
      body,
      key,
    );
    return items.map(({ id }) => id);
  }

  async #overBullmq(job: Job, payloads: Payload[]): Promise<string[]> {
    const named = payloads.map(payload => ({
      name: job,
      data: payload,
      opts: { jobId: `plain-${payload.n}` },
    }));
    await this.#queues[job].addBulk(named);
    return payloads.map(({ n }) => `plain-${n}`);
  }

  async #forgetEnded(): Promise<void> {
    const { direct } = this.options.redis;
    const flying = [...this.#inFlight];
    const asked = direct.pipeline();
    for (const [id, job] of flying)
      for (const place of ['completed', 'failed']) asked.zscore(`${QUEUE_PREFIX}:${job}:${place}`, id);
    const answers = (await asked.exec().catch(() => null)) ?? [];
    for (const [i, [id]] of flying.entries())
      if (answers[2 * i]?.[1] || answers[2 * i + 1]?.[1]) this.#inFlight.delete(id);
  }
}
