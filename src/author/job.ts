import type { Duration } from '../platform/duration.js';
import type { Context } from './context.js';
import type { FlowDefinition, LimitOptions, RetentionOptions } from './limits.js';
import type { ScheduleDefinition, ScheduleOptions } from './schedule.js';
import type { AnySchema, InputOf, OutputOf, Schema } from './schema.js';

export const JOB = Symbol.for('slackwater.job');

/** Of a job without `checkpoint`: there is no state, and none can be offered. */
export type NoState = Schema<never, never>;
/** Of a job without `payload`: any JSON. */
export type AnyPayload = Schema<unknown, unknown>;

// biome-ignore lint/suspicious/noExplicitAny: `old` has a shape that no schema describes any more.
export type Migration<Result = unknown> = (old: any) => Result;

/** What `defineJob` takes. */
export interface JobOptions<P extends AnySchema, S extends AnySchema, V extends number, R> {
  /** Unique in a release: letters, digits, `.`, `_`, `-`. */
  name: string;
  /** Default: `default`. */
  queue?: string;
  /** zod schema of what producers send; left out: any JSON. */
  payload?: P;
  /** Left out: `ctx.checkpoint` is not there for this job. */
  checkpoint?: {
    /** Rises by one when the shape of the state changes. */
    version: V;
    schema: S;
    /** `{ 1: old => … }` makes version 2 of version 1. */
    upgrade?: Upgrades<V, InputOf<S>>;
    /** `{ 2: now => … }` makes version 1 of version 2, for a rollback. */
    downgrade?: Downgrades<V, OutputOf<S>>;
    /** How often an offered state is saved. Default: `250ms`. */
    every?: Duration;
    /** Where there is no `downgrade`: go on from the last state of the old version, or set the run aside. Default: `repeat`. */
    onRollback?: 'repeat' | 'park';
  };
  /** Tries in all before a run has failed. Default: 1. The count begins anew when the checkpoint advances. */
  attempts?: number;
  /** Default: exponential from one second. */
  backoff?: { type: 'fixed' | 'exponential'; delay: Duration };
  /** How long one start may compute. Default: no limit. */
  timeout?: Duration;
  /** Runs of this job at once in one worker. Default: as many as the host hands over. */
  concurrency?: number;
  /** How many of its runs there may be over all hosts: at once, with the same concurrency key, begun in a time. */
  limit?: LimitOptions;
  /** Where in the payload stands what a run has to itself, such as `customer.id`: at most `limit.perKey` (1) runs at once with the same value. */
  concurrencyKey?: string;
  /** How long its ended runs are kept. Default: as configured. */
  retention?: RetentionOptions;
  /** When it is to be run by itself. */
  schedule?: ScheduleOptions<InputOf<P>>;
  run(ctx: Context<OutputOf<P>, OutputOf<S>, InputOf<S>>, payload: OutputOf<P>): R | Promise<R>;
}

/** A definition as `defineJob` returns it: the options with defaults filled in and durations in milliseconds. */
export interface Job<P extends AnySchema = AnySchema, S extends AnySchema = AnySchema, R = unknown>
  extends Readonly<FlowDefinition> {
  readonly name: string;
  readonly queue: string;
  readonly payload: P | null;
  readonly checkpoint: CheckpointDefinition<S> | null;
  readonly attempts: number;
  readonly backoff: { readonly type: 'fixed' | 'exponential'; readonly delayMs: number };
  readonly timeoutMs: number | null;
  readonly concurrency: number | null;
  readonly schedule: ScheduleDefinition | null;
  run(ctx: Context<OutputOf<P>, OutputOf<S>, InputOf<S>>, payload: OutputOf<P>): R | Promise<R>;
}

export interface CheckpointDefinition<S extends AnySchema = AnySchema> {
  readonly version: number;
  readonly schema: S;
  readonly upgrade: Readonly<Record<number, Migration>>;
  readonly downgrade: Readonly<Record<number, Migration>>;
  readonly everyMs: number;
  readonly onRollback: 'repeat' | 'park';
}

/** Any job, whatever its payload, state and result. */
// biome-ignore lint/suspicious/noExplicitAny: the parts that handle jobs know nothing of their types.
export type JobDefinition = Job<AnySchema, AnySchema, any>;

export function isJob(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && JOB in value;
}

/** 1 … V-1, each optional; what the last one returns must fit the schema. */
type Upgrades<V extends number, Input> = number extends V
  ? Record<number, Migration>
  : { [From in Below<V>]?: From extends Before<V> ? Migration<Input> : Migration };

/** 2 … V, each optional; the first one takes what the schema describes. */
type Downgrades<V extends number, Output> = number extends V
  ? Record<number, Migration>
  : { [From in Exclude<Below<V> | V, 0 | 1>]?: From extends V ? (now: Output) => unknown : Migration };

type Count<N extends number, Acc extends unknown[] = []> = Acc['length'] extends N
  ? Acc
  : Count<N, [...Acc, unknown]>;
type Below<V extends number> = Exclude<Indices<Count<V>>, 0>;
type Indices<T extends unknown[]> = T extends [...infer Rest, unknown]
  ? Rest['length'] | Indices<Rest>
  : never;
type Before<V extends number> = Count<V> extends [...infer Rest, unknown] ? Rest['length'] : never;
