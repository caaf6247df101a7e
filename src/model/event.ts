/**
 * What is told over SSE, in order of `id` (the ID of a Redis stream entry, so it rises and survives restarts).
 * `window.phase`, `window.run`, `run.state`, `hold.placed`, `hold.lifted`, `release.pushed`, `host.joined`, `host.left`.
 */
export interface EventRecord {
  id: string;
  type: string;
  at: string;
  /** The app, window, run … that it is about, and what happened to it. */
  [key: string]: unknown;
}
