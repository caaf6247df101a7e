import { readTasks } from './read-tasks.js';

/** What the options of `window-options` come to. Durations are kept as text for the server. */
export interface WindowFields {
  reason: string;
  drainTimeout?: string;
  onTimeout?: string;
  maxDuration?: string;
  announce?: string;
  requireApproval?: boolean;
  hooks?: string;
  strategy?: string;
  batch?: number;
  pause?: string;
  steps?: number[];
  step?: string;
  watchFor?: string;
  watchMinRuns?: number;
  watchMaxFailures?: number;
  watchMaxCrashes?: number;
  watchMaxParked?: number;
}

/**
 * The options as the body of `POST /v1/windows`, but for the release and the time; what was not said is left to the server. Reads the file of
 * `--hooks`, over whose watch the options stand.
 */
export function windowBody(fields: WindowFields) {
  const file = fields.hooks === undefined ? {} : readTasks(fields.hooks);
  return {
    reason: fields.reason,
    drainTimeout: fields.drainTimeout,
    onDrainTimeout: fields.onTimeout,
    maxDuration: fields.maxDuration,
    announce: fields.announce,
    requiresApproval: fields.requireApproval,
    strategy: fields.strategy,
    rolling: some({ batch: fields.batch, pause: fields.pause }),
    canary: some({ steps: fields.steps, step: fields.step }),
    hooks: file.hooks,
    probes: file.probes,
    watch: watchOf(fields, file.watch),
  };
}

function watchOf(fields: WindowFields, file: unknown): unknown {
  const said = some({
    duration: fields.watchFor,
    minRuns: fields.watchMinRuns,
    maxFailureRate: fields.watchMaxFailures,
    maxCrashes: fields.watchMaxCrashes,
    maxParked: fields.watchMaxParked,
  });
  // What is no object is left as it is: the server says what is wrong with it.
  const isObject = file !== null && typeof file === 'object' && !Array.isArray(file);
  return said && (file === undefined || isObject) ? { ...(file as object), ...said } : file;
}

/** Without what was not said; `undefined` if that is all. */
function some<Fields extends object>(fields: Fields): Partial<Fields> | undefined {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  return said.length > 0 ? (Object.fromEntries(said) as Partial<Fields>) : undefined;
}
