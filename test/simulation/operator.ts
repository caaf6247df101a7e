import type { Request, Window } from '../../src/model/window.js';
import { extended, whyNot } from '../../src/model/window-requests.js';
import { iso } from '../support/window-samples.js';
import type { World } from './world.js';

/** How often a person decides on a held window before it is let go. */
const PATIENCE = 2;

/** People who look after the window: they agree to it, and decide where it is held. */
export function operate(world: World): void {
  const { scheduler, random, story } = world;
  scheduler.in(random.between(600, 5_000), 'approval', () =>
    write(world, window => window.requiresApproval && { ...window, approvedBy: 'bob' }),
  );
  let decided = 0;
  const look = () => {
    scheduler.in(1_000, 'operator', look);
    // Lost with what Redis wrote last: somebody notices, and declares it again.
    if (scheduler.now > 1_000 && !world.network.away && !world.redis.window(story.window.id))
      world.redis.createWindow(story.window);
    const { held } = world.window;
    if (!held || world.network.away || world.redis.now() - Date.parse(held.since) < 1_500) return;
    const wanted = decided++ < PATIENCE ? story.choice : 'release';
    const choice = held.choices.some(each => each.choice === wanted) ? wanted : 'release';
    world.say(`ann decides: ${choice}`);
    write(world, window => {
      if (!window.held || window.request) return false;
      world.monitor.runs.onChoice(window.held.task, choice);
      return { ...window, request: { kind: 'end', choice, by: 'ann', at: iso(world.redis.now()) } };
    });
  };
  look();
}

export function ask(world: World, kind: Request['kind'] | 'extend'): void {
  const asked = (window: Window): Window =>
    kind === 'extend'
      ? extended(window, 1_500)
      : { ...window, request: { kind, by: 'ann', at: iso(world.redis.now()) } };
  world.say(`ann asks: ${kind}`);
  write(world, window => window.held === null && whyNot(window, kind) === null && asked(window));
}

/** Reads, and writes a moment later if nobody else has written: else again. */
function write(world: World, change: (window: Window) => Window | false): void {
  const { redis, scheduler, random } = world;
  const attempt = () => {
    if (world.network.away) return scheduler.in(200, 'operator: again', attempt);
    const seen = redis.window(world.story.window.id);
    const next = seen && change(seen);
    if (!next) return;
    return scheduler.in(random.next() * 5, 'operator: write', () => {
      const event = { app: next.app, window: next.id };
      if (!redis.updateWindow(seen.version, { ...next, version: seen.version + 1 }, event)) attempt();
    });
  };
  attempt();
}
