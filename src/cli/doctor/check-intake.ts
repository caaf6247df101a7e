import type { HeldBy } from '../../model/run.js';
import type { Window } from '../../model/window.js';
import { isHeldClosed } from '../../window/direction.js';
import { when } from '../show/text.js';
import type { Check } from './diagnose.js';

/** A queue, and what keeps its intake closed. */
export interface QueueFacts {
  name: string;
  paused: boolean;
  holds: HeldBy[];
}

/** Windows that wait for a person: which one, why, and the command for each choice. */
export function checkHeldWindows(windows: Window[], now: number): Check[] {
  return windows.flatMap(({ held, ...window }): Check[] => {
    if (!held) return [];
    const { id, app, request } = window;
    const check = { name: 'window', level: 'fail' } as const;
    if (request?.kind === 'end')
      return [
        {
          ...check,
          level: 'warn',
          text: `${id} of ${app} was held; ${request.by} decided: ${request.choice}`,
        },
      ];
    const intake = isHeldClosed({ ...window, held }) ? 'held' : 'open';
    return [
      {
        ...check,
        text: `${id} of ${app} was held ${when(held.since, now)} while ${held.phase}, intake ${intake} meanwhile: ${held.reason}; decide how it goes on:`,
        choices: held.choices.map(({ choice, does }) => ({
          choice,
          does,
          command: `slackwater window end ${id} --choice ${choice}`,
        })),
      },
    ];
  });
}

/** @param told IDs of windows that another check speaks of. */
export function checkQueues(queues: QueueFacts[], told: string[], now: number): Check[] {
  const warn = (text: string): Check => ({ name: 'queue', level: 'warn', text });
  const stuck = queues.filter(({ paused, holds }) => paused && holds.length === 0);
  const checks = [
    ...stuck.map(({ name }) =>
      warn(`${name} is paused but no hold says why: resume it where it was paused (BullMQ), or place a hold`),
    ),
    ...byHold(queues)
      .filter(({ by }) => !told.includes(by.window ?? ''))
      .map(({ by, names }) => warn(`${names.join(', ')} ${whoHolds(by, now)}`)),
  ];
  const open = queues.filter(({ paused, holds }) => !paused && holds.length === 0).length;
  return checks.length || open < queues.length
    ? checks
    : [{ name: 'queues', level: 'ok', text: `${open} open` }];
}

/** Each hold once, with the queues that it holds. */
function byHold(queues: QueueFacts[]): { by: HeldBy; names: string[] }[] {
  const found = new Map<string, { by: HeldBy; names: string[] }>();
  for (const { name, holds } of queues) {
    for (const by of holds) {
      const key = by.window ?? by.hold ?? '';
      if (!found.has(key)) found.set(key, { by, names: [] });
      found.get(key)!.names.push(name);
    }
  }
  return [...found.values()];
}

function whoHolds({ hold, window, reason, until }: HeldBy, now: number): string {
  const end = until ? `, ends ${when(until, now)}` : '';
  if (window)
    return `held by window ${window} (${reason})${end}: "slackwater window watch ${window}" shows how it goes on`;
  return `held by ${hold} (${reason})${end}: "slackwater hold rm ${hold}" opens intake sooner`;
}
