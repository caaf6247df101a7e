import { ownIntent } from '../../src/host/own-intent.js';
import type { HostAppStatus, Intent, ProofStatus, Refusal } from '../../src/model/intent.js';
import { removeHost, reportHost } from '../../src/store/hosts.js';
import { readIntent, watchControl } from '../../src/store/intents.js';
import type { Store } from '../../src/store/redis.js';
import { onEnd } from './lifetime.js';
import { sampleHost, sampleTally } from './window-samples.js';

export interface FakeHost {
  /** Runs that yield by themselves once asked, and runs that never do. */
  runs: number;
  stubborn: number;
  /** Does what the intent says and reports it, as a real host would at each wake-up. */
  look(): Promise<void>;
  /** Falls silent: its record goes, as it would when it expires. */
  vanish(): Promise<void>;
}

/** A host without workers: it answers intents as the real one does, so that the engine can be watched alone. */
export async function fakeHost(
  store: Store,
  id: string,
  options: {
    runs?: number;
    stubborn?: number;
    refuses?: Refusal;
    breaks?: string;
    proves?: boolean;
    /** Asked before each look: a host may be slow to answer. */
    mayLook?: () => Promise<boolean>;
  } = {},
): Promise<FakeHost> {
  let silent = false;
  let seen = 0;
  let release: string | null = null;
  let waiting = 0;
  let tally: HostAppStatus['tally'] = null;

  const host: FakeHost = {
    runs: options.runs ?? 0,
    stubborn: options.stubborn ?? 0,
    async look() {
      const given = await readIntent(store, 'billing');
      // Asked after the intent was read: what this answers is never of a later step than the one that was asked about.
      if (options.mayLook && !(await options.mayLook())) return;
      const intent = given && ownIntent(given, id);
      if (silent) return;
      const news = intent !== null && intent.revision !== seen;
      if (intent) follow(intent);
      const app = intent ? statusOf(intent) : null;
      await reportHost(store, sampleHost(id, app), 30_000, { wake: news });
    },
    async vanish() {
      silent = true;
      await removeHost(store, sampleHost(id, null));
    },
  };

  function follow(intent: Intent): void {
    seen = intent.revision;
    if (intent.window && tally?.window !== intent.window) tally = sampleTally({ window: intent.window });
    // One that goes ahead of the others makes room by itself.
    const drain = intent.drain || (release !== null && intent.release !== release);
    if (drain && tally && tally.inFlight === 0) tally.inFlight = host.runs + host.stubborn;
    if (drain) stop(host.runs, 'yielded', () => (host.runs = 0));
    if (intent.force) stop(host.stubborn, 'forced', () => (host.stubborn = 0));
    if (host.runs + host.stubborn === 0 || intent.release === release || release === null)
      release = intent.release;
    if (intent.gate === 'open' && waiting > 0) resume();
  }

  function stop(runs: number, as: 'yielded' | 'forced', gone: () => void): void {
    if (runs === 0 || !tally) return;
    tally[as] += runs;
    tally.lastProgressOld = tally.lastEndOld = Date.now();
    waiting += runs;
    gone();
  }

  function resume(): void {
    host.runs = waiting;
    if (tally) {
      tally.resumed = waiting;
      tally.firstStartNew = tally.firstProgressNew = Date.now();
      tally.pauses = Array.from({ length: waiting }, () => 5);
    }
    waiting = 0;
  }

  function statusOf(intent: Intent): Partial<HostAppStatus> {
    const { standby, proofRound } = intent;
    return {
      revision: intent.revision,
      release,
      standby:
        standby === null
          ? null
          : { release: standby, state: options.breaks ? 'broken' : 'ready', error: options.breaks ?? null },
      gate: intent.gate,
      running: host.runs + host.stubborn,
      waiting,
      blockers: Array.from({ length: host.stubborn }, (_, i) => ({
        run: `run-${id}-${i}`,
        job: 'stubborn',
        lastCheckpointAt: null,
        stoppable: true,
        estimateMs: 250,
      })),
      proof: standby && proofRound > 0 && options.proves !== false ? proofOf(proofRound) : null,
      tally,
    };
  }

  const proofOf = (round: number): ProofStatus => ({
    round,
    done: true,
    checkpoints: 2,
    ms: 1,
    refusals: options.refuses ? [options.refuses] : [],
    refused: options.refuses ? 1 : 0,
    oneWay: [],
  });

  const control = watchControl(store, () => void host.look().catch(() => {}));
  onEnd(() => control.stop());
  await control.start();
  await host.look();
  return host;
}
