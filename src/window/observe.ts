import type { Window } from '../model/window.js';
import type { ControlPlane, Look } from './control-plane.js';
import type { Observation } from './facts.js';

/** A look at one window, and what the other open ones mean for it. */
export async function observe(plane: ControlPlane, of: Window, open: Window[]): Promise<Look & Observation> {
  const look = await plane.look(of);
  const busy = open.find(({ id, app, phase }) => app === of.app && id !== of.id && phase !== 'scheduled');
  return { ...look, busy: busy?.id ?? null };
}
