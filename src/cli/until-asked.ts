import type { Service } from '../platform/service.js';
import { say } from './output.js';

/**
 * Starts a service, and stops it at SIGTERM, SIGINT, or when the parent that is connected by IPC goes away. A second signal exits at once.
 * Resolves when nothing of it is left.
 */
export async function untilAsked(service: Service, ready: () => void): Promise<void> {
  const asked = askedToLeave();
  let leaving = false;
  void asked.then(() => (leaving = true));
  const started = service.start().then(() => {
    if (!leaving) ready();
  });
  try {
    // A start that hangs, such as on a Redis that does not answer, must not keep a signal from being heard.
    await Promise.race([started, asked]);
    await asked;
    started.catch(() => {});
  } finally {
    await service.stop();
    if (process.connected) process.disconnect();
    exitSoon();
  }
}

/** How long what is left of a stopped service may keep the process alive, ms. */
const LINGER = 2_000;

/** How long a host whose `dev` was killed tries to leave in good order, ms: the Redis of that `dev` is about to end as well. */
const ORPHAN = 3_000;

/** Everything has been stopped and nothing should be left; whatever is must not keep a supervisor waiting. */
export function exitSoon(): void {
  setTimeout(() => process.exit(), LINGER).unref();
}

/** Resolves at the first reason to leave; from then on a further signal ends the process at once. */
export function askedToLeave(): Promise<void> {
  return new Promise(done => {
    let asked = false;
    const ask = (signal: NodeJS.Signals | 'disconnect') => {
      if (asked && signal !== 'disconnect') process.exit(signal === 'SIGINT' ? 130 : 143);
      // A host of `dev` has a parent that says so.
      if (!asked && !process.channel) say(`\nleaving in good order (${signal} again: at once)`);
      asked = true;
      done();
    };
    process.on('SIGINT', ask).on('SIGTERM', ask);
    if (!process.channel) return;
    process.once('disconnect', () => {
      setTimeout(() => process.exit(1), ORPHAN).unref();
      ask('disconnect');
    });
  });
}
