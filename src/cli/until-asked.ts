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
  }
}

/** Resolves at the first reason to leave; from then on a further signal ends the process at once. */
export function askedToLeave(): Promise<void> {
  return new Promise(done => {
    let asked = false;
    const ask = (signal: NodeJS.Signals | 'disconnect') => {
      if (asked && signal !== 'disconnect') process.exit(signal === 'SIGINT' ? 130 : 143);
      if (!asked && signal !== 'disconnect') say(`\nleaving in good order (${signal} again: at once)`);
      asked = true;
      done();
    };
    process.on('SIGINT', ask).on('SIGTERM', ask);
    if (process.channel) process.once('disconnect', () => ask('disconnect'));
  });
}
