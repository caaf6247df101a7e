import type { Choice } from '../../src/model/window.js';
import type { Try } from '../../src/window/tasks/try.js';
import type { Deed } from './executor.js';
import type { Findings } from './findings.js';
import type { SimulatedHost } from './host.js';
import type { Release, State } from './releases.js';
import type { Run } from './runs.js';
import type { Story } from './story.js';

/** Sees every start and every save of a run, and every try of a hook, as they happen. */
export class RunWatch {
  readonly #fences = new Map<string, number>();
  readonly #deeds: Deed[] = [];
  readonly #retries = new Map<string, number>();

  constructor(
    private readonly story: Story,
    private readonly findings: Findings,
  ) {}

  /** Fences are as many as Redis has kept. */
  onLoss(): void {
    this.#fences.clear();
  }

  onSave(run: Run, fence: number, state: State): void {
    const highest = this.#fences.get(run.id) ?? 0;
    this.findings.must(
      fence >= highest,
      'one committer a run',
      () => `${run.id}: fence ${fence} wrote after ${highest}`,
    );
    const isOnward =
      run.state === null ||
      // The way back, where a job repeats what it cannot bring down.
      state.version < run.state.version ||
      state.done >= run.state.done;
    this.findings.must(
      isOnward || this.findings.hasLost,
      'a checkpoint never goes back',
      () => `${run.id}: ${state.done} after ${run.state!.done}`,
    );
    this.#fences.set(run.id, Math.max(highest, fence));
  }

  onStart(run: Run, release: Release, host: SimulatedHost): void {
    const { seen } = host;
    const { share, moved } = seen!;
    const isSideBySide = share > 0 || moved.length > 0;
    this.findings.must(
      seen!.gate === 'open' && (release.name === seen!.release || isSideBySide),
      'only admitted releases start runs',
      () => `${run.id} started on ${release.name} at ${host.id}, whose intent names ${seen!.release}`,
    );
  }

  onUnreadable(run: Run, release: Release, host: SimulatedHost): void {
    // Side by side nothing stands still, so what a host saved before it fell silent is met by the new release unproven: then it is set aside.
    const isLeftOver = this.story.window.strategy !== 'window' && this.findings.hasHostFailed;
    this.findings.must(
      this.findings.hasLost || isLeftOver,
      'a run goes on only in code that reads its state',
      () => `${run.id} (${JSON.stringify(run.state)}) met ${release.name} on ${host.id}`,
    );
  }

  /** A hook that may have been done is not begun again, unless it bears that or a person wants it. */
  onTry({ task, kind, name, attempt }: Try, deed: Deed): void {
    const before = this.#deeds.filter(each => each.task === task && each.acted !== false);
    const retries = this.#retries.get(name) ?? 0;
    const { hooks } = this.story.window;
    const mayRepeat = kind === 'probe' || hooks.find(hook => hook.name === name)!.idempotent;
    this.findings.must(
      mayRepeat || before.length <= retries || this.findings.hasLost,
      'a hook of which nobody knows is not begun again',
      () => `${name} was begun as try ${attempt}, and ${before.length} times before`,
    );
    this.#deeds.push(deed);
  }

  onChoice(task: string | null, choice: Choice): void {
    if (task && choice === 'retry') this.#retries.set(task, (this.#retries.get(task) ?? 0) + 1);
  }
}
