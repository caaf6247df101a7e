import { createHash } from 'node:crypto';
import type { EnqueueRunOptions } from '../author/context.js';
import { isJob, type JobDefinition } from '../author/job.js';
import { checkAgainst, describeFaults } from '../author/schema.js';
import { canonicalJson } from '../model/release.js';
import type { StepRecord } from '../model/run.js';
import { checkSize, decodeState, encodeState } from '../model/state-codec.js';
import { parseDuration } from '../platform/duration.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Run } from './run.js';
import { Park } from './stops.js';

type Fn = () => unknown;

/** What is done once in the life of a run: its steps, its outside effects, and the runs it starts. */
export class Steps {
  readonly #underWay = new Set<string>();

  constructor(readonly run: Run) {}

  /** `ctx.step`: see `author/context`. */
  async step(name: string, fn: Fn): Promise<unknown> {
    const scope = this.run.enter();
    const record = `step:${checkName(name, fn, 'step')}`;
    const kept = this.run.steps[record];
    if (kept && 'value' in kept) return decodeState(kept.value);
    await this.run.yieldBeforeStep(scope);
    return this.#alone(record, async () => this.#keep(record, `the result of step "${name}"`, await fn()));
  }

  /** `ctx.once`: see `author/context`. */
  async once(key: string, fn: Fn, { idempotent = false }: { idempotent?: boolean } = {}): Promise<unknown> {
    const scope = this.run.enter();
    const record = `once:${checkName(key, fn, 'once')}`;
    const kept = this.run.steps[record];
    if (kept && 'value' in kept) return decodeState(kept.value);
    if (kept && 'intent' in kept && !idempotent && !this.#underWay.has(record))
      throw this.#outcomeUnknown(key);
    await this.run.yieldBeforeStep(scope);
    return this.#alone(record, async () => {
      await this.#store(record, { intent: true });
      if (this.run.aborted) throw this.run.aborted;
      return this.#keep(record, `the result of once "${key}"`, await this.#attempt(record, fn));
    });
  }

  /** `ctx.enqueue`: see `author/context`. */
  async enqueue(
    job: JobDefinition | string,
    payload: unknown,
    options: EnqueueRunOptions = {},
  ): Promise<string> {
    this.run.enter();
    const name = typeof job === 'string' ? job : job?.name;
    if (typeof name !== 'string' || name === '')
      throw new SlackwaterError(
        'bad-request',
        'ctx.enqueue takes a job made by defineJob, or the name of one',
      );
    const text = payloadText(job, name, payload);
    const id = this.#childId(name, options.key ?? canonicalJson(JSON.parse(text)), options.key !== undefined);
    const record = `enqueue:${id}`;
    const kept = this.run.steps[record];
    if (kept && 'value' in kept) return decodeState(kept.value) as string;
    const { priority, delay, concurrencyKey } = options;
    return this.#alone(record, async () => {
      const stored = await this.run.stored(
        this.run.port.enqueue(id, name, text, {
          ...(priority !== undefined && { priority: checkPriority(priority) }),
          ...(delay !== undefined && { delayMs: parseDuration(delay) }),
          ...(concurrencyKey !== undefined && { concurrencyKey: checkKey(concurrencyKey) }),
        }),
      );
      return (await this.#keep(record, 'the ID of a run', stored)) as string;
    });
  }

  /** The same run asks again after a crash for the same child: the same ID, which the queue knows already. */
  #childId(job: string, key: string, named: boolean): string {
    const asked = JSON.stringify([this.run.start.queue, this.run.start.runId, job, named, key]);
    return `run-${createHash('sha256').update(asked).digest('hex').slice(0, 24)}`;
  }

  async #attempt(record: string, fn: Fn): Promise<unknown> {
    try {
      return await fn();
    } catch (error) {
      // It was cut short rather than failed: whether it took effect is not known, so the intent stands.
      if (!this.run.aborted) await this.#store(record, { failed: true }).catch(() => {});
      throw error;
    }
  }

  async #keep(record: string, what: string, result: unknown): Promise<unknown> {
    const value = encodeState(result, what);
    checkSize(value, this.run.options.checkpointLimit, this.run.job.name, what);
    await this.#store(record, { value });
    this.run.advanced();
    if (this.run.aborted) throw this.run.aborted;
    return decodeState(value);
  }

  async #store(name: string, record: StepRecord): Promise<void> {
    await this.run.stored(this.run.port.step(name, record));
    this.run.steps[name] = record;
  }

  async #alone<T>(record: string, fn: () => Promise<T>): Promise<T> {
    if (this.#underWay.has(record)) {
      const [kind, ...name] = record.split(':');
      throw new SlackwaterError(
        'bad-definition',
        `ctx.${kind} "${name.join(':')}" is under way: give this one a name of its own, or await the first`,
      );
    }
    this.#underWay.add(record);
    try {
      return await this.run.work(fn);
    } finally {
      this.#underWay.delete(record);
    }
  }

  #outcomeUnknown(key: string): Park {
    this.run.park = new Park({
      reason: `outcome unknown: once "${key}" was begun by an earlier start, which ended before it could record the result. See whether it took effect: "skip" takes it as done, with null as its result, "retry" does it again`,
      choices: ['retry', 'skip', 'cancel'],
    });
    return this.run.park;
  }
}

function checkName(name: unknown, fn: unknown, call: string): string {
  if (typeof name !== 'string' || name === '' || name.length > 200)
    throw new SlackwaterError(
      'bad-definition',
      `ctx.${call} needs a name of 1 to 200 characters as its first argument`,
    );
  if (typeof fn !== 'function')
    throw new SlackwaterError(
      'bad-definition',
      `ctx.${call} "${name}" needs a function as its second argument`,
    );
  return name;
}

function checkPriority(priority: number): number {
  if (Number.isInteger(priority) && priority >= 0 && priority <= 2_097_152) return priority;
  throw new SlackwaterError(
    'bad-request',
    `priority must be a whole number from 0 to 2,097,152, not ${priority}`,
  );
}

function checkKey(key: string): string {
  if (typeof key === 'string' && key.length > 0 && key.length <= 300) return key;
  throw new SlackwaterError('bad-request', 'concurrencyKey must be a text of 1 to 300 characters');
}

function payloadText(job: JobDefinition | string, name: string, payload: unknown): string {
  const text = JSON.stringify(payload ?? null);
  if (text === undefined)
    throw new SlackwaterError('invalid-payload', `the payload for job "${name}" must be JSON`);
  if (!isJob(job) || !job.payload) return text;
  const checked = checkAgainst(job.payload, JSON.parse(text));
  if (checked.ok) return text;
  throw new SlackwaterError(
    'invalid-payload',
    `the payload does not fit job "${name}": ${describeFaults(checked.errors)}`,
    checked.errors,
  );
}
