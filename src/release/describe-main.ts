import { pathToFileURL } from 'node:url';
import { describeJob, describeSchedule, describeWorkflow } from '../author/describe.js';
import { collectDefinitions } from '../author/registry.js';
import { SlackwaterError } from '../platform/errors.js';
import type { DescribeAnswer } from './describe.js';

/**
 * A process of its own for the one moment in which a builder has to run the author's code: importing it, to read the definitions.
 * What the code prints, throws, leaves open or exits with stays in here; the answer goes over IPC alone.
 */
const send = process.send!.bind(process);
const exit = process.exit.bind(process);
delete process.send;

// Whoever asked is gone: nobody waits for an answer. (The listener alone must not keep this process alive.)
process.once('disconnect', () => exit(1));
process.channel?.unref();

let answered = false;
function answer(message: DescribeAnswer): void {
  if (answered) return;
  answered = true;
  send(message, undefined, undefined, () => exit(0));
}

process.exit = ((code?: number | string) => {
  const stack = new Error().stack ?? '';
  const message = `process.exit(${code ?? ''}) was called while the jobs were imported`;
  answer({ ok: false, error: { code: null, message, stack, errors: [] } });
  throw new Error(message);
}) as typeof process.exit;

try {
  const bundle = await import(pathToFileURL(process.argv[2]!).href);
  const definitions = collectDefinitions(bundle.modules);
  const jobs = byName(definitions.jobs);
  const workflows = byName(definitions.workflows);
  answer({
    ok: true,
    jobs: jobs.map(describeJob),
    workflows: workflows.map(describeWorkflow),
    schedules: [
      ...jobs.flatMap(job => describeSchedule(job)),
      ...workflows.flatMap(workflow => describeSchedule(workflow, `workflow "${workflow.name}"`)),
    ],
  });
} catch (thrown) {
  answer({ ok: false, error: faultOf(thrown) });
}

function byName<D extends { name: string }>(definitions: Map<string, D>): D[] {
  return [...definitions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function faultOf(thrown: unknown): Extract<DescribeAnswer, { ok: false }>['error'] {
  // A definition is refused by the release's own copy of the library: known by its name, not its class.
  const known = thrown instanceof Error && thrown.name === SlackwaterError.name;
  const { code = null, errors = [] } = known ? (thrown as SlackwaterError) : {};
  const error = thrown instanceof Error ? thrown : new Error(`${String(thrown)} was thrown, not an Error`);
  const message = known ? error.message : `${error.name}: ${error.message}`;
  return { code, message, stack: error.stack ?? '', errors };
}
