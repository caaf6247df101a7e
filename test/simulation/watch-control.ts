import type { Intent } from '../../src/model/intent.js';
import type { Window } from '../../src/model/window.js';
import type { MemoryRedis } from '../support/memory-redis.js';
import type { Findings } from './findings.js';
import { APP } from './story.js';

/** Stands between all who write to the control plane and Redis: what each write must be like. Its record is its own, so what Redis has lost is not lost here. */
export class ControlWatch {
  #highestRevision = 1;
  #highestTerm = 1;

  constructor(private readonly findings: Findings) {}

  watch(redis: MemoryRedis): MemoryRedis {
    const { advance, updateWindow, openGate, claimIntent } = redis;
    redis.advance = (holder, change) => {
      const before = redis.window(change.window.id);
      const { lease } = redis;
      const intent = redis.intent(APP);
      const answer = advance.call(redis, holder, change);
      if (answer !== 'written') return answer;
      const holds = lease.owner === holder.owner && lease.term === holder.term && lease.until > redis.now();
      this.findings.must(
        holds,
        'only the holder of the lease writes',
        () => `${holder.owner} (${holder.term}) wrote`,
      );
      this.#onWindow(before, redis.window(change.window.id)!);
      this.#onIntent(intent, redis.intent(APP));
      return answer;
    };
    redis.updateWindow = (seen, next, event) => {
      const before = redis.window(next.id);
      const written = updateWindow.call(redis, seen, next, event);
      if (written) this.#onWindow(before, redis.window(next.id)!);
      return written;
    };
    redis.openGate = seen => {
      const intent = redis.intent(APP);
      const opened = openGate.call(redis, seen);
      this.#onIntent(intent, redis.intent(APP));
      return opened;
    };
    redis.claimIntent = (holder, seen) => {
      const intent = redis.intent(APP);
      const claimed = claimIntent.call(redis, holder, seen);
      this.#onIntent(intent, redis.intent(APP));
      return claimed;
    };
    return redis;
  }

  #onWindow(before: Window | null, after: Window): void {
    this.findings.must(
      before === null || after.version === before.version + 1,
      'a write of a window rests on the last one',
      () => `version ${before!.version} became ${after.version}: what was asked in between is lost`,
    );
    const moving = after.moved.length - (before?.moved.length ?? 0);
    this.findings.must(
      after.rolling === null || after.rollback !== null || moving <= after.rolling.batch,
      'hosts go over batch after batch',
      () => `${moving} hosts at once, and ${after.rolling!.batch} were asked for`,
    );
  }

  /** No number comes twice, whatever Redis has forgotten: hosts keep what they have seen. */
  #onIntent(before: Intent | null, after: Intent | null): void {
    if (after === null || after === before || this.findings.hasJumped) return;
    const { revision, term } = after;
    this.findings.must(
      revision > this.#highestRevision,
      'revisions rise',
      () => `${revision} after ${this.#highestRevision}`,
    );
    // Whoever sweeps has no term of his own: after a loss the gate may open under a former one, until somebody leads and claims it.
    this.findings.must(
      term >= this.#highestTerm || this.findings.hasLost,
      'terms rise',
      () => `${term} after ${this.#highestTerm}`,
    );
    this.#highestRevision = Math.max(revision, this.#highestRevision);
    this.#highestTerm = Math.max(term, this.#highestTerm);
  }
}
