/** Names one start of one run at one time. `at`: µs of the machine's monotonic clock, the same for all its processes. */
interface Of {
  run: string;
  fence: number;
  at: number;
}

/** A line of the ledger. `what`: the number of an item, or the name of what is done once in a run. */
export type Line =
  /** `next`: the item that the state says comes next. */
  | ({ t: 'start'; attempt: number; release: string; next: number } & Of)
  /** Before the effect. */
  | ({ t: 'begin'; what: number | string } & Of)
  /** A state that has it is saved where it survives a crash. */
  | ({ t: 'sure'; what: number | string; value?: unknown } & Of)
  /** A commit was saved, and not confirmed in time; it is done again. */
  | ({ t: 'unconfirmed' } & Of);

/** A line of the hooks' own ledger. */
export interface HookLine {
  window: string;
  hook: string;
  attempt: number;
}
