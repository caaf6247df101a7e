import type { ProofFailure, ProofItem, ProofResult } from '../../model/messages.js';
import type { SavedState } from '../../model/saved-state.js';
import { isAbove, meetingVersion } from '../../model/way-down.js';
import type { LocalRelease } from './local-release.js';
import { StateReader } from './state-reader.js';

/**
 * What a window would ask, without one. Each state is read by the next release, which brings it up to its version and back down to the running one's, and
 * the running release must accept what came back. A state of a later version than the next release reads (it is the older one) is brought down by the
 * running release first.
 */
export class StateProof {
  /** Jobs whose states could not come back after the deploy. */
  readonly oneWay = new Set<string>();
  /** Jobs whose states have no way down to the next release: by their `onRollback` their runs go on from a former state, or are parked. */
  readonly setBack = new Map<string, 'repeat' | 'park'>();
  readonly #next: StateReader;
  readonly #running: StateReader | null;

  constructor(
    private readonly next: LocalRelease,
    private readonly running: LocalRelease | null,
  ) {
    this.#next = new StateReader(next.entry);
    this.#running = running && new StateReader(running.entry);
  }

  /** @returns for each state why it cannot be read, or `null`. */
  async prove(states: SavedState[]): Promise<(ProofFailure | null)[]> {
    const failures: (ProofFailure | null)[] = states.map(() => null);
    const asIs: Asked[] = [];
    const above: Asked[] = [];
    for (const [i, { job, version, state }] of states.entries()) {
      const descent = this.#descent(job, version);
      if (!descent) asIs.push({ i, item: { job, version, state, to: 'up', ...this.#downTo(job) } });
      else if (descent.to !== null)
        above.push({ i, item: { job, version, state, to: 'down', downTo: descent.to } });
      else this.setBack.set(job, this.running!.jobs.get(job)!.onRollback);
    }
    const down = await this.#ask(this.#running, above, failures);
    const read = await this.#ask(this.#next, [...asIs, ...down.map(brought('up'))], failures);
    const back = read.filter(({ result }) => result.down !== undefined);
    for (const { item, result } of read) if (result.noWayDown) this.oneWay.add(item.job);
    await this.#ask(this.#running, back.map(brought('same')), failures);
    return failures.map((failure, i) => failure && this.#inFull(failure, states[i]!));
  }

  /** @returns what was read; the others go to `failures`. */
  async #ask(
    reader: StateReader | null,
    asked: Asked[],
    failures: (ProofFailure | null)[],
  ): Promise<Answered[]> {
    if (!reader || asked.length === 0) return [];
    const results = await reader.read(asked.map(({ item }) => item));
    return asked.flatMap(({ i, item }, n) => {
      const result = results[n]!;
      if (result.ok) return [{ i, item, result }];
      failures[i] = result.failure;
      return [];
    });
  }

  #downTo(job: string): { downTo?: number } {
    const version = this.running?.jobs.get(job)?.checkpointVersion;
    return version == null ? {} : { downTo: version };
  }

  /** `null`: the state goes up, or stays. */
  #descent(job: string, version: number | null): { to: number | null } | null {
    const [next, running] = [this.next.jobs.get(job), this.running?.jobs.get(job)];
    if (!next?.checkpointVersion || !running || running.checkpointVersion !== version) return null;
    if (!isAbove(version, next)) return null;
    return { to: meetingVersion(running.writes, next.reads) };
  }

  /** From the version in which it is saved to the one that is wanted, where who failed did not know them. */
  #inFull(failure: ProofFailure, { job, version }: SavedState): ProofFailure {
    const wanted = this.next.jobs.get(job)?.checkpointVersion ?? null;
    const isDescent = this.#descent(job, version) !== null;
    return { ...failure, to: failure.to ?? wanted, ...(isDescent && { from: version, direction: 'down' }) };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#next.stop(), this.#running?.stop()]);
  }
}

interface Asked {
  /** Which of the batch. */
  i: number;
  item: ProofItem;
}
type Answered = Asked & { result: ProofResult & { ok: true } };

/** What came down, to be read by the other release. */
const brought =
  (to: 'up' | 'same') =>
  ({ i, item, result }: Answered): Asked => ({
    i,
    item: { job: item.job, version: item.downTo ?? item.version, state: result.down ?? item.state, to },
  });
