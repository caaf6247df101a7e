import { EXIT } from '../exit-codes.js';
import { Exit } from '../report-error.js';

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/**
 * Ctrl-C, or SIGTERM, ends the look at something that goes on by itself: `stop` is aborted, and its reason is the `Exit` to leave with, so that a
 * shell does not take it for the end of what was looked at. A second signal ends the process at once.
 * @returns what gives the signals back.
 */
export function detachOnSignal(stop: AbortController): () => void {
  const leave = (signal: NodeJS.Signals) => {
    const code = SIGNALS[signal as keyof typeof SIGNALS];
    if (stop.signal.aborted) process.exit(code);
    stop.abort(new Exit(code));
  };
  const names = Object.keys(SIGNALS) as NodeJS.Signals[];
  for (const name of names) process.on(name, leave);
  return () => {
    for (const name of names) process.off(name, leave);
  };
}

/** @throws Exit if a signal was why it stopped. */
export function exitIfDetached({ reason }: AbortSignal): void {
  if (reason instanceof Exit) throw reason;
}
