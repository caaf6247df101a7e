import type { StepKind } from '../model/workflow.js';
import type { Duration } from '../platform/duration.js';
import type { AnyPayload, JobDefinition } from './job.js';
import type { ScheduleDefinition, ScheduleOptions } from './schedule.js';
import type { AnySchema, InputOf, OutputOf } from './schema.js';

export const WORKFLOW = Symbol.for('slackwater.workflow');

/** Only for the types: what a run of the workflow gives. */
declare const RESULT: unique symbol;

/** What a step leaves to others, as the types know it. `skip`: it may be skipped. `each`: its result is an array. */
export interface StepShape {
  result: unknown;
  skip: boolean;
  each: boolean;
}
export type Shapes = Record<string, StepShape>;
// biome-ignore lint/complexity/noBannedTypes: a workflow without steps, to which others are added.
export type NoSteps = {};

/** What `defineWorkflow` takes. */
export interface WorkflowOptions<P extends AnySchema> {
  /** Unique among jobs and workflows of a release: letters, digits, `.`, `_`, `-`. */
  name: string;
  /** Where its runs stand; they compute nothing there. Default: `default`. */
  queue?: string;
  /** zod schema of what producers send; left out: any JSON. */
  payload?: P;
  /** When it is to be run by itself. */
  schedule?: ScheduleOptions<InputOf<P>>;
}

/** What the functions of a step are called with. They are called in a worker, must not be asynchronous, and may take ten seconds. */
export interface StepArguments<Payload, Results> {
  /** The payload of the workflow, as its schema made it. */
  readonly payload: Payload;
  /** Results of the steps in `after`, by name; with `each`, arrays. `undefined`: skipped, or failed with `onFailure: 'continue'`. */
  readonly results: Results;
  /** The instant that a schedule fired for, ISO 8601 in UTC; `null` for a run that was asked for. */
  readonly scheduledFor: string | null;
  /** Of the workflow run. */
  readonly runId: string;
}

/** Of `payload` where the step has an `each`. */
export interface ElementArguments<Item> {
  readonly item: Item;
  /** Its place in the array, from 0. */
  readonly index: number;
}

/** What a step may run: a job, or another workflow of the same release. */
export interface Runnable {
  readonly name: string;
  readonly payload: AnySchema | null;
}

/** Marks that a type was not inferred from anything: the step has no such function. */
export interface None {
  readonly none: unique symbol;
}

export interface StepOptions<S, P extends AnySchema, A extends readonly string[], J, Item, Cond, F> {
  /** Steps that come before it, which have been added before. Left out: it begins with the workflow. */
  after?: A;
  /** Whether it runs at all. Where it does not, its result is `undefined`. */
  when?: (args: ArgumentsOf<S, P, A>) => Cond;
  /** A run for each element, at most 100,000; the result is the array of their results, in this order. */
  each?: (args: ArgumentsOf<S, P, A>) => readonly Item[];
  /** What the run gets. Left out: the element where there is `each`, else the payload of the workflow. */
  payload?: (args: PayloadArguments<ArgumentsOf<S, P, A>, Item>) => InputOf<PayloadOf<J>>;
  /** Where a run failed for good. `stop` (default): the workflow fails. `continue`: its result is `undefined`. */
  onFailure?: F;
  /** Tries in all. Default: those of the job. */
  attempts?: number;
  /** Default: that of the job. */
  backoff?: { type: 'fixed' | 'exponential'; delay: Duration };
  /** How long one start may compute. Default: as the job says. */
  timeout?: Duration;
}

export interface SignalOptions<S, P extends AnySchema, A extends readonly string[], X, Cond, F> {
  after?: A;
  when?: (args: ArgumentsOf<S, P, A>) => Cond;
  /** zod schema of what the signal must carry; left out: any JSON. */
  payload?: X;
  /** How long it is waited for. Default: for ever. */
  timeout?: Duration;
  /** Default: `fail`. `continue`: its result is `undefined`. */
  onTimeout?: F;
}

export interface WaitOptions<S, P extends AnySchema, A extends readonly string[], Cond> {
  after?: A;
  when?: (args: ArgumentsOf<S, P, A>) => Cond;
  /** How long, from when the steps before it are done … */
  for?: Duration;
  /** … or until when: a `Date`, ISO 8601, or ms since the epoch. One that has passed is waited for no longer. */
  until?: (args: ArgumentsOf<S, P, A>) => Date | string | number;
}

/**
 * A workflow as `defineWorkflow` returns it. It never changes: each method gives a new one with a step more, which may be exported as it is.
 * @throws SlackwaterError `bad-definition` that lists all that is wrong with the step.
 */
export interface Workflow<P extends AnySchema = AnySchema, S = NoSteps, Waited extends string = never>
  extends WorkflowDefinition {
  readonly payload: P | null;
  readonly [RESULT]?: WorkflowResult<S, Waited>;

  /** A step that runs a job, or another workflow. */
  step<
    const N extends string,
    J extends Runnable,
    const A extends readonly (keyof S & string)[] = [],
    Item = None,
    Cond extends boolean | None = None,
    F extends 'stop' | 'continue' = 'stop',
  >(
    name: N,
    job: J,
    options?: StepOptions<S, P, A, J, Item, Cond, F>,
  ): Workflow<P, S & Record<N, ShapeOf<S, A, ResultOf<J>, Item, Cond, F>>, Waited | A[number]>;

  /** A step that waits for `POST /v1/runs/:id/signals/:name`; its result is what the signal carried. One that comes early is kept. */
  signal<
    const N extends string,
    const A extends readonly (keyof S & string)[] = [],
    X extends AnySchema = AnyPayload,
    Cond extends boolean | None = None,
    F extends 'fail' | 'continue' = 'fail',
  >(
    name: N,
    options?: SignalOptions<S, P, A, X, Cond, F>,
  ): Workflow<P, S & Record<N, ShapeOf<S, A, OutputOf<X>, None, Cond, F>>, Waited | A[number]>;

  /** A step that lets time pass. It has no result. */
  wait<
    const N extends string,
    const A extends readonly (keyof S & string)[] = [],
    Cond extends boolean | None = None,
  >(
    name: N,
    options: WaitOptions<S, P, A, Cond>,
  ): Workflow<P, S & Record<N, ShapeOf<S, A, undefined, None, Cond, 'stop'>>, Waited | A[number]>;
}

/** What stands behind a workflow: the options with defaults filled in and durations in ms. The protocol between a release and its worker. */
export interface WorkflowDefinition {
  readonly name: string;
  readonly queue: string;
  readonly payload: AnySchema | null;
  readonly schedule: ScheduleDefinition | null;
  readonly steps: readonly StepDefinition[];
}

export type StepFunction = (args: StepArguments<unknown, Record<string, unknown>>) => unknown;

export interface StepDefinition {
  readonly name: string;
  readonly kind: StepKind;
  readonly runs: JobDefinition | WorkflowDefinition | null;
  /** Of a signal. */
  readonly schema: AnySchema | null;
  readonly after: readonly string[];
  readonly when: StepFunction | null;
  readonly each: StepFunction | null;
  /** With `each` it is also given the element. */
  readonly payload: StepFunction | null;
  readonly until: StepFunction | null;
  readonly onFailure: 'stop' | 'continue';
  readonly attempts: number | null;
  readonly backoff: { readonly type: 'fixed' | 'exponential'; readonly delayMs: number } | null;
  readonly timeoutMs: number | null;
  readonly waitMs: number | null;
}

export function isWorkflow(value: unknown): value is WorkflowDefinition {
  return typeof value === 'object' && value !== null && WORKFLOW in value;
}

/** A value after it has been JSON: what a step gets of a result. */
export type JsonOf<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends { toJSON(): infer J }
      ? JsonOf<J>
      : T extends object
        ? { [K in keyof T]: JsonOf<T[K]> }
        : never;

type ArgumentsOf<S, P extends AnySchema, A extends readonly string[]> = StepArguments<
  OutputOf<P>,
  ResultsOf<S, A>
>;
type ResultsOf<S, A extends readonly string[]> = {
  readonly [K in A[number]]: K extends keyof S ? ResultIn<S[K]> : never;
};
type ResultIn<Shape> = Shape extends { result: infer R } ? R : never;

type PayloadArguments<Args, Item> = Same<Item, None> extends true ? Args : Args & ElementArguments<Item>;
type PayloadOf<J> = J extends { readonly payload: infer Q } ? Extract<NonNullable<Q>, AnySchema> : AnySchema;

/** A job that returns nothing leaves `null`. */
type ResultOf<J> = J extends { run(ctx: never, payload: never): infer R }
  ? Kept<Awaited<R>>
  : J extends { readonly [RESULT]?: infer R }
    ? R
    : unknown;
// biome-ignore lint/suspicious/noConfusingVoidType: what a job returns that returns nothing.
type Kept<R> = unknown extends R ? R : [R] extends [void] ? null : JsonOf<R>;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Given<T> = Same<T, None> extends true ? false : true;

type ShapeOf<S, A extends readonly string[], R, Item, Cond, F> = {
  result:
    | (Given<Item> extends true ? (R | OnContinue<F>)[] : R | OnContinue<F>)
    | (SkipOf<S, A, Cond> extends true ? undefined : never);
  skip: SkipOf<S, A, Cond>;
  each: Given<Item>;
};
type OnContinue<F> = F extends 'continue' ? undefined : never;

/** It has a `when`, or all that it waits for may be skipped. */
type SkipOf<S, A extends readonly string[], Cond> =
  Given<Cond> extends true ? true : A extends readonly [] ? false : AllSkip<S, A[number]>;
type AllSkip<S, K extends string> = K extends keyof S ? (S[K] extends { skip: true } ? true : false) : false;

/** The results of the steps that no other waits for; of a step with `each` the number of its elements. */
export type WorkflowResult<S, Waited extends string> = {
  readonly [K in Exclude<keyof S, Waited>]: S[K] extends { each: true } ? CountIn<S[K]> : ResultIn<S[K]>;
};
type CountIn<Shape> = undefined extends ResultIn<Shape> ? number | undefined : number;
