import { WorkerProcess } from '../../host/worker-process.js';
import type { ProofItem, ProofResult } from '../../model/messages.js';
import { formatDuration } from '../../platform/duration.js';
import { SlackwaterError } from '../../platform/errors.js';

/** No state of a worker here is ever saved. */
const CHECKPOINT_LIMIT = 0;

/**
 * The code of a release in a process of its own, the very one in which a host would run it, that reads states. One that brings the process down or keeps
 * it for longer than `patienceMs` is found by reading one at a time, and counts as one that cannot be read.
 */
export class StateReader {
  #worker: WorkerProcess | null = null;
  #cause = '';

  constructor(
    private readonly entry: string,
    private readonly patienceMs = 20_000,
  ) {}

  /** @returns a result for each item. @throws SlackwaterError `bad-definition` where the release cannot be loaded. */
  async read(items: ProofItem[]): Promise<ProofResult[]> {
    const worker = await this.#loaded();
    const late = setTimeout(() => {
      this.#cause = `took longer than ${formatDuration(this.patienceMs)}`;
      worker.kill();
    }, this.patienceMs);
    const results = await worker.prove(items);
    clearTimeout(late);
    if (results.length === items.length) return results;
    await worker.exited;
    this.#worker = null;
    if (items.length === 1) return [brokeOff(items[0]!, this.#cause)];
    const single: ProofResult[] = [];
    for (const item of items) single.push(...(await this.read([item])));
    return single;
  }

  async #loaded(): Promise<WorkerProcess> {
    this.#worker ??= this.#fork();
    const loaded = await this.#worker.loaded;
    if (loaded.ok) return this.#worker;
    throw new SlackwaterError('bad-definition', `the release cannot be loaded: ${loaded.error.message}`);
  }

  #fork(): WorkerProcess {
    this.#cause = '';
    return new WorkerProcess({
      entry: this.entry,
      checkpointLimit: CHECKPOINT_LIMIT,
      env: [],
      onMessage: () => {},
      onExit: cause => {
        this.#cause ||= cause;
      },
    });
  }

  async stop(): Promise<void> {
    await this.#worker?.stop();
  }
}

const brokeOff = ({ version, to }: ProofItem, cause: string): ProofResult => ({
  ok: false,
  failure: {
    from: version,
    to: null,
    direction: to === 'up' ? 'up' : 'down',
    path: '',
    message: `the process that read it ${cause}`,
  },
});
