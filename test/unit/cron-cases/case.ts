/** What another library says of a pattern, found in its own tests or its manual; a fact, in our own words. Times are instants; a date alone is midnight in UTC. */
export interface Case {
  cron: string;
  /** Default: UTC. */
  zone?: string;
  after: string;
  /** Its next fires, the first of them at least; none: it never fires. */
  theirs: string[];
  /** Ours, where they differ. */
  ours?: string[];
  /** Why they differ. */
  since?: Difference;
  /** What is refused here, and said otherwise so. */
  as?: string;
}

/** Where the rules differ. Each is checked: without what it speaks of, both say the same. */
export const DIFFERENCES = {
  moved:
    'It lets what the clock skips fire later, by as much as is skipped, several of them one by one. Here they are one fire, as the clock is set forward: the earliest moment that is not before any of them.',
  leftOut: 'It leaves out what the clock skips. Here no day is without its fire.',
  twice: 'It also fires when the clock shows a time again. Here only a pattern for every hour does.',
  never:
    'It never fires when the clock shows a time again. Here a pattern for every hour does: it asks for a pace, and would be silent meanwhile.',
  back: 'It answers with a time that has passed. Here the next fire is always later.',
  unasked: 'It fires at a time that the pattern does not name, which its own tests call a limitation.',
} as const;
export type Difference = keyof typeof DIFFERENCES;
