import { Violation } from './violation.js';

/** What was found, and what has happened that bounds what is promised. */
export class Findings {
  found: Violation | null = null;
  /** Redis has lost writes, or its clock has jumped: what rests on either is not asked any more. */
  hasLost = false;
  hasJumped = false;
  hasHostFailed = false;

  /** Kept, and thrown after the act: thrown here it would be taken for trouble with Redis. */
  must(holds: boolean, invariant: string, detail: () => string): void {
    if (!holds) this.found ??= new Violation(invariant, detail());
  }

  onTrouble(kind: string): void {
    if (kind === 'the clock jumps') this.hasJumped = true;
    if (kind === 'Redis is back as it was') this.hasLost = true;
    // Away for long, hosts give up what they compute.
    if (kind.startsWith('host is') || kind === 'Redis is away') this.hasHostFailed = true;
  }
}
