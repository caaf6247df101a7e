import type { JobDefinition } from '../author/job.js';
import { checkAgainst, describeFaults } from '../author/schema.js';
import { isWorkflow, type StepDefinition, type WorkflowDefinition } from '../author/workflow.js';
import { evaluate } from '../execution/evaluate.js';
import { jsonText } from '../execution/result.js';
import { largeResult, lastSteps } from '../model/workflow.js';
import { Life } from './life.js';
import type { RunJobResult } from './options.js';
import type { RunWorkflowOptions, RunWorkflowResult, TestStep, TestStepRun } from './workflow-options.js';

/** As `limits.resultBytes` unless it is set. */
const RESULT_LIMIT = 256 * 1024;

/**
 * The life of one workflow run. Steps are taken in the order in which they were added, which is one that the graph allows, elements in theirs; so a test sees the same each time.
 * What the author's functions answer comes from the same code that a worker runs.
 */
export class WorkflowLife {
  readonly #steps: Record<string, TestStep> = {};
  readonly #begun: number;
  readonly #payload: string;
  #failure: Error | null = null;

  constructor(
    private readonly workflow: WorkflowDefinition,
    payload: unknown,
    private readonly options: RunWorkflowOptions,
    /** In front of the names in the options: of a sub-workflow, the step that runs it. */
    private readonly prefix = '',
  ) {
    this.#begun = new Date(options.now ?? '2025-01-01T00:00:00Z').getTime();
    this.#payload = jsonText(payload, `the payload of workflow "${workflow.name}"`, 'Give');
  }

  /** @throws an error that names the step that failed; `cause` is what its run threw, `workflow` the account so far. */
  async live(): Promise<RunWorkflowResult<unknown>> {
    const fits = this.#ask(null);
    if (fits.verdict === 'failed')
      throw this.#failed(Object.assign(new Error(fits.error.message), fits.error));
    for (const step of this.workflow.steps) await this.#take(step);
    if (this.#failure) throw this.#failure;
    return this.#account();
  }

  async #take(definition: StepDefinition): Promise<void> {
    const before = definition.after.map(name => this.#steps[name]!);
    const step: TestStep = { state: 'waiting', result: undefined, runs: [], settledAt: null };
    this.#steps[definition.name] = step;
    if (this.#failure) {
      step.state = 'stopped';
      return;
    }
    const readyAt = Math.max(this.#begun, ...before.map(({ settledAt }) => settledAt!));
    step.settledAt = readyAt;
    if (before.length > 0 && before.every(({ state }) => state === 'skipped')) step.state = 'skipped';
    else await this.#expand(definition, step, readyAt);
  }

  async #expand(definition: StepDefinition, step: TestStep, readyAt: number): Promise<void> {
    const answer = this.#ask(definition.name);
    if (answer.verdict === 'skip') step.state = 'skipped';
    else if (answer.verdict === 'failed')
      this.#settle(definition, step, Object.assign(new Error(answer.error.message), answer.error));
    else if (answer.verdict === 'run') await this.#run(definition, step, answer.payloads, readyAt);
    else if (definition.kind === 'signal') this.#signal(definition, step, readyAt);
    else {
      const until = answer.verdict === 'wait' ? answer.until : readyAt + definition.waitMs!;
      step.settledAt = Math.max(readyAt, until);
      step.state = 'done';
    }
  }

  async #run(definition: StepDefinition, step: TestStep, payloads: string[], now: number): Promise<void> {
    for (const [index, payload] of payloads.entries()) {
      const run = await this.#runOne(definition, JSON.parse(payload), definition.each ? index : null, now);
      step.runs.push(run);
      if (run.error && definition.onFailure === 'stop') break;
    }
    const results = step.runs.map(({ result }) => result);
    step.result = definition.each ? results : results[0];
    const failed = step.runs.findIndex(({ error }) => error !== null);
    const place = definition.each && failed >= 0 ? `, element ${failed}` : '';
    this.#settle(definition, step, step.runs[failed]?.error ?? null, place);
  }

  async #runOne(
    definition: StepDefinition,
    payload: unknown,
    index: number | null,
    now: number,
  ): Promise<TestStepRun> {
    try {
      const { result, run } = await this.#computed(definition, payload, index, now);
      const bytes = Buffer.byteLength(JSON.stringify(result ?? null));
      const limit = this.options.resultLimit ?? RESULT_LIMIT;
      if (bytes > limit) throw new Error(largeResult(bytes, limit));
      return { payload, result, error: null, run };
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      return { payload, result: undefined, error, run: null };
    }
  }

  async #computed(
    definition: StepDefinition,
    payload: unknown,
    index: number | null,
    now: number,
  ): Promise<{ result: unknown; run: RunJobResult<unknown> | null }> {
    const { name, runs } = definition;
    const path = this.prefix + name;
    const instead = this.options.instead?.[path];
    if (instead) {
      const given = await instead(payload, index);
      return { result: kept(given, `what stands in for step "${path}" gives`), run: null };
    }
    const { runId = 'run-test', scheduledFor = null } = this.options;
    const ownId = `${runId}@${name}${index === null ? '' : `,${index}`}`;
    const shared = { ...this.options, now, runId: ownId, scheduledFor };
    if (isWorkflow(runs)) {
      const { result } = await new WorkflowLife(runs, payload, shared, `${path}/`).live();
      return { result, run: null };
    }
    const plan = { ...shared, yieldAt: [], crashAt: [], swaps: [] };
    const run = await new Life(withOwnPolicy(runs as JobDefinition, definition), payload, plan).live();
    return { result: run.result, run };
  }

  #signal(
    { name, schema, timeoutMs, onFailure, ...definition }: StepDefinition,
    step: TestStep,
    now: number,
  ): void {
    const path = this.prefix + name;
    const { signals = {} } = this.options;
    if (Object.hasOwn(signals, path)) {
      const carried = kept(signals[path], `what signal "${path}" carries`);
      const checked = schema ? checkAgainst(schema, carried) : null;
      if (checked && !checked.ok)
        throw new Error(`what signal "${path}" carries does not fit: ${describeFaults(checked.errors)}`);
      step.result = carried;
      step.state = 'done';
    } else if (timeoutMs === null)
      throw new Error(
        `step "${path}" waits for a signal for ever: give it by { signals: { ${JSON.stringify(path)}: … } }`,
      );
    else {
      step.settledAt = now + timeoutMs;
      const late = new Error(`no signal came within ${timeoutMs} ms`);
      this.#settle({ ...definition, name, schema, timeoutMs, onFailure }, step, late);
    }
  }

  #settle({ name, onFailure }: StepDefinition, step: TestStep, error: Error | null, place = ''): void {
    step.state = error ? 'failed' : 'done';
    if (error && onFailure === 'stop')
      this.#failure = this.#failed(error, `, step "${this.prefix}${name}"${place}`);
  }

  #ask(step: string | null) {
    const { runId = 'run-test', scheduledFor = null } = this.options;
    const results = Object.entries(this.#steps).map(([name, { result }]) => [name, textOf(result)]);
    return evaluate(new Map([[this.workflow.name, this.workflow]]), {
      workflow: this.workflow.name,
      step,
      runId,
      scheduledFor,
      payload: this.#payload,
      results: Object.fromEntries(results),
    });
  }

  #failed(cause: Error, where = ''): Error {
    const error = new Error(`workflow "${this.workflow.name}"${where} failed: ${cause.message}`, { cause });
    error.name = cause.name;
    // The steps that come after it are there too by the time somebody looks.
    return Object.defineProperty(error, 'workflow', { value: { steps: this.#steps }, configurable: true });
  }

  #account(): RunWorkflowResult<unknown> {
    const results = lastSteps(this.workflow).map(({ name, each }) => {
      const { result, runs } = this.#steps[name]!;
      return [name, each && result !== undefined ? runs.length : result];
    });
    return {
      result: Object.fromEntries(results.filter(([, result]) => result !== undefined)),
      steps: this.#steps,
    };
  }
}

/** The job as the step wants it tried. */
function withOwnPolicy(job: JobDefinition, { attempts, backoff }: StepDefinition): JobDefinition {
  return { ...job, attempts: attempts ?? job.attempts, backoff: backoff ?? job.backoff };
}

const kept = (value: unknown, what: string): unknown => JSON.parse(jsonText(value, what, 'Give'));

/** As the store would keep it. */
function textOf(result: unknown): string | null | (string | null)[] {
  if (result === undefined) return null;
  return Array.isArray(result)
    ? result.map(each => (each === undefined ? null : JSON.stringify(each)))
    : JSON.stringify(result);
}
