import type { ProofFailure, ProofItem, ProofResult } from '../model/messages.js';
import type { JobManifest } from '../model/release.js';
import { meetingVersion } from '../model/way-down.js';
import type { Clock } from '../platform/clock.js';
import { SlackwaterError } from '../platform/errors.js';
import { Together } from '../platform/together.js';
import type { Store } from '../store/redis.js';
import { listReleases } from '../store/releases.js';
import type { LocalRelease } from './local-release.js';
import { forgetOldest, type SpareWorkers } from './spare-workers.js';

/** A state of a later version than the code reads that shall go on from it. */
export interface Above {
  job: string;
  version: number;
  state: string;
  /** The release that wrote it, as far as is known. */
  writer: string | null;
  /** What the code that shall go on can read. */
  reads: readonly number[];
}

export type BroughtDown =
  | { kind: 'down'; version: number; state: string }
  /** The job has no `downgrade` that leads to what can be read. */
  | { kind: 'no-way'; onRollback: 'repeat' | 'park' }
  | { kind: 'failed'; failure: ProofFailure };

export interface BringDownOptions {
  app: string;
  store: Store;
  clock: Clock;
  spares: SpareWorkers;
}

/** For one message: states are large, and many. */
const PAGE = 200;
/** Writers that are remembered, by job and version. */
const MOST_WRITERS = 1_000;
/** After that, whoever computes a downgrade is taken for stuck. */
const WITHIN_MS = 10_000;
/** Deaths of a worker over the states of one job, before the rest of them is not tried any more. */
const MOST_DEATHS = 3;
/** As many releases as are kept of an app, and some in use. */
const KEPT = 100;

/**
 * The way down: a state of a later version is made one of an older, by the code of the release that wrote it, in a process without runs. What is asked in one
 * turn of the loop is done together. A state over which that process dies (or computes for longer than ten seconds) is found out by asking for each alone.
 */
export class BringDown {
  readonly #together = new Together<Above, BroughtDown>((release, above) => this.#all(release, above));
  readonly #writers = new Map<string, Promise<LocalRelease | null>>();

  constructor(private readonly options: BringDownOptions) {}

  /** @throws only where Redis cannot be asked. */
  async bring(above: Above): Promise<BroughtDown> {
    let writer: LocalRelease | null;
    try {
      writer = await this.#writerOf(above);
    } catch (error) {
      if (error instanceof SlackwaterError) return failed(above, null, error.message);
      throw error;
    }
    if (!writer)
      return failed(above, null, `no release is kept any more that writes version ${above.version}`);
    const { writes, onRollback } = jobIn(writer, above)!;
    if (meetingVersion(writes, above.reads) === null) return { kind: 'no-way', onRollback };
    return this.#together.ask(writer.release, above);
  }

  /** The release that wrote it, or the newest that writes the same version; looked up once, not for each of thousands of runs. */
  #writerOf(above: Above): Promise<LocalRelease | null> {
    const key = `${above.writer}/${above.job}/${above.version}`;
    const known = this.#writers.get(key);
    if (known) return known;
    const found = this.#findWriter(above);
    const forget = () => this.#writers.delete(key);
    this.#writers.set(key, found);
    forgetOldest(this.#writers, MOST_WRITERS);
    found.then(writer => writer ?? forget(), forget);
    return found;
  }

  async #findWriter(above: Above): Promise<LocalRelease | null> {
    const { app, store, spares } = this.options;
    const named = above.writer === null ? null : await spares.local(above.writer).catch(unlessGone);
    if (named && jobIn(named, above)) return named;
    const other = (await listReleases(store, { app, limit: KEPT })).items.find(release =>
      jobIn(release, above),
    );
    return other ? spares.local(other.id) : null;
  }

  async #all(release: string, above: Above[]): Promise<BroughtDown[]> {
    const writer = await this.options.spares.local(release);
    const items = above.map<ProofItem>(each => {
      const downTo = meetingVersion(jobIn(writer, each)!.writes, each.reads)!;
      return { job: each.job, version: each.version, state: each.state, to: 'down', downTo };
    });
    const results: ProofResult[] = [];
    for (let i = 0; i < items.length; i += PAGE)
      results.push(...(await this.#page(release, items.slice(i, i + PAGE))));
    return above.map((each, i) => broughtDown(each, items[i]!.downTo!, results[i]!));
  }

  async #page(release: string, items: ProofItem[]): Promise<ProofResult[]> {
    const results = await this.#ask(release, items);
    if (results.length === items.length) return results;
    const deaths = new Map<string, number>();
    for (const item of items) {
      const before = deaths.get(item.job) ?? 0;
      const [result] = before < MOST_DEATHS ? await this.#ask(release, [item]) : [];
      if (!result) deaths.set(item.job, before + 1);
      results.push(
        result ?? refusal(item, 'its downgrade ended the process that computed it, or never returned'),
      );
    }
    return results;
  }

  /** @returns none where the process died. */
  async #ask(release: string, items: ProofItem[]): Promise<ProofResult[]> {
    const { spares, clock } = this.options;
    try {
      const spare = await spares.borrow(release);
      const cancel = clock.after(WITHIN_MS, () => spare.process.kill());
      return await spare.process.prove(items).finally(() => {
        cancel();
        spare.free();
      });
    } catch (error) {
      if (!(error instanceof SlackwaterError)) throw error;
      return items.map(item => refusal(item, error.message));
    }
  }
}

/** The job where it writes this version itself. */
const jobIn = ({ jobs }: { jobs: JobManifest[] }, { job, version }: Above): JobManifest | undefined =>
  jobs.find(each => each.name === job && each.checkpointVersion === version);

function broughtDown(above: Above, version: number, result: ProofResult): BroughtDown {
  if (!result.ok) return { kind: 'failed', failure: { ...result.failure, to: version } };
  if (result.down !== undefined) return { kind: 'down', version, state: result.down };
  return failed(above, version, 'the release that wrote it lacks the downgrade that its manifest names');
}

const refusal = ({ version, downTo }: ProofItem, message: string): ProofResult => ({
  ok: false,
  failure: { from: version, to: downTo ?? null, direction: 'down', path: '', message },
});

const failed = ({ version }: Above, to: number | null, message: string): BroughtDown => ({
  kind: 'failed',
  failure: { from: version, to, direction: 'down', path: '', message },
});

function unlessGone(error: unknown): null {
  if (error instanceof SlackwaterError && error.code === 'not-found') return null;
  throw error;
}
