/** A period in which no window may start: of one app, or of all. What has begun before goes on. */
export interface Freeze {
  id: string;
  /** `null`: all apps. */
  app: string | null;
  /** ISO 8601; the first moment in which no window may start … */
  from: string;
  /** … and the first in which one may again. */
  to: string;
  reason: string;
  createdBy: string;
  createdAt: string;
}

/** The freeze that keeps windows of this app from starting at this time (ms): the last to end, where there are several. */
export function freezeAt(freezes: Freeze[], app: string, at: number): Freeze | null {
  return freezes.reduce<Freeze | null>((last, freeze) => {
    if (freeze.app !== null && freeze.app !== app) return last;
    if (at < Date.parse(freeze.from) || at >= Date.parse(freeze.to)) return last;
    return last !== null && last.to >= freeze.to ? last : freeze;
  }, null);
}

/** The freeze in the words of an error or a window's summary. */
export const describeFreeze = (freeze: Freeze): string =>
  `freeze ${freeze.id} (${freeze.reason}) lets no window of ${freeze.app === null ? 'any app' : `app ${freeze.app}`} start until ${freeze.to}`;
