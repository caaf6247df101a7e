/** What is in flight when it is stopped, and the waits before and after. */
export interface InFlight {
  runs: number;
  /** Of each state. */
  bytes: number;
  stepMs: number;
  /** In full swing before it is stopped … */
  settle(): Promise<void>;
  /** … and for some steps after. */
  goOn(): Promise<void>;
}
