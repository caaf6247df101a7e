/**
 * What is told over SSE, in order of `id` (the ID of a Redis stream entry, so it rises and survives restarts).
 *
 * | type | told when |
 * | --- | --- |
 * | `window.phase` | a window was declared, or entered a phase |
 * | `window.note` | something happened within its phase: force was used, a host vanished and the proof is made again |
 * | `window.request` | an operator asked something of it: start, cancel, abort, extend |
 * | `window.run` | its figures moved |
 * | `gate.opened` | the time of a window was over, and a gate that nobody had opened opened by itself |
 * | `run.state` | a run ended, or a person cancelled, retried or resumed it |
 * | `hold.placed`, `hold.lifted` | intake of queues was stopped, or goes on |
 * | `freeze.added`, `freeze.removed` | for a while no window may start, or one may again |
 * | `window.fire` | a recurring window was due, and this became of it |
 * | `window-schedule.added`, `.changed`, `.removed` | of recurring windows |
 * | `schedule.fires` | fires of schedules got a fate, or were held |
 * | `schedules.applied` | the schedules of a release apply to its app now |
 * | `schedule.paused`, `schedule.resumed` | a person lets a schedule rest, or go on |
 * | `backfill.started`, `.cancelling`, `.ended` | of backfills of a schedule |
 * | `release.pushed` | a release was stored that was not there before |
 * | `host.joined`, `host.left` | a host came, left, or fell silent |
 */
export interface EventRecord {
  id: string;
  type: string;
  at: string;
  /** The app, window, run … that it is about, and what happened to it. */
  [key: string]: unknown;
}
