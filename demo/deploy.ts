import { setTimeout as wait } from 'node:timers/promises';
import type { Window } from '../src/model/window.js';
import type { Client } from './client.js';
import { duration, type Narrator } from './say.js';

const MEANING: Record<string, string> = {
  scheduled: 'declared',
  preparing: 'new code is loaded beside the old, and tried on every saved state; all runs go on',
  draining: 'no new run starts; each running one saves its state at its next checkpoint',
  swapping: 'nothing runs; the old workers leave, the new ones take their place',
  verifying: 'a test run on the new code',
  resuming: 'every run goes on where it stopped, in the new code',
  watching: 'an eye on the new release',
};

/** Declares a window that begins now, and tells its phases as they come. @returns the window when it is over. */
export async function deploy(
  client: Client,
  narrator: Narrator,
  release: string,
  reason: string,
): Promise<Window> {
  const { id } = await client.post<{ id: string }>('/v1/windows', { release, reason, drainTimeout: '60s' });
  let told = 0;
  for (;;) {
    const window = await client.get<Window>(`/v1/windows/${id}`);
    for (; told < window.phases.length; told++) {
      const { phase } = window.phases[told]!;
      if (phase in MEANING) narrator.say(`  ${phase.padEnd(10)} ${MEANING[phase]}`);
    }
    if (window.phase === 'done') {
      const took = window.phases
        .filter(({ phase, ms }) => phase !== 'done' && ms !== null)
        .map(({ phase, ms }) => `${phase} ${duration(ms!)}`);
      narrator.say(`  done       ${window.outcome} (${took.join(', ')})`);
      return window;
    }
    await wait(50, undefined, { signal: client.signal });
  }
}
