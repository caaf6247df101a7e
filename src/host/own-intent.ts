import type { Intent } from '../model/intent.js';

/** What an intent means for one host: one that is to go ahead of the others runs the release that is only loaded elsewhere. */
export function ownIntent(intent: Intent, host: string): Intent {
  if (intent.standby === null || !intent.moved.includes(host)) return intent;
  return { ...intent, release: intent.standby, standby: null, share: 0, proofRound: 0 };
}
