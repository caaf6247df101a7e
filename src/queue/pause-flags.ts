/** The flags that keep queues from being claimed from, and what is remembered of them: each is one act on a store. */
export interface PauseFlags {
  /** Queues that a hold stands on. */
  held(): Promise<string[]>;
  /** Queues whose flag is ours, or may be. */
  noted(): Promise<string[]>;
  note(queue: string): Promise<unknown>;
  forget(queue: string): Promise<unknown>;
  isPaused(queue: string): Promise<boolean>;
  pause(queue: string): Promise<unknown>;
  resume(queue: string): Promise<unknown>;
}

/**
 * Makes the pause flag of every queue follow its holds: set while one stands, set again if somebody cleared it, cleared when the last
 * one is gone. BullMQ's flag is one bit without an owner, so a note remembers which flags are ours: a queue that somebody
 * paused outside Slackwater before a hold came stays paused after it. (One paused by hand *during* a hold cannot be told from ours.)
 *
 * Any number of servers and hosts do this at once, over keys in different slots, so it is no transaction but an order of steps that is safe
 * at every interruption: the note before the flag when pausing; the flag before the note when resuming; and after both a second look, so that a
 * hold that came or went in between is not lost.
 * @param names the queues to look at; default: all that have a hold or a flag of ours.
 */
export async function followHolds(flags: PauseFlags, names?: string[]): Promise<void> {
  const ours = new Set(await flags.noted());
  const held = new Set(await flags.held());
  const wanted = names ?? [...new Set([...ours, ...held])];
  await Promise.all(
    wanted.map(async name => {
      if (!held.has(name)) return ours.has(name) ? release(flags, name) : undefined;
      if (!(await flags.isPaused(name))) await pause(flags, name);
    }),
  );
}

const isHeld = async (flags: PauseFlags, name: string): Promise<boolean> =>
  (await flags.held()).includes(name);

async function pause(flags: PauseFlags, name: string): Promise<void> {
  await flags.note(name);
  await flags.pause(name);
  // The hold may have been lifted since it was seen, and whoever made the flag follow that may have been here before.
  if (!(await isHeld(flags, name))) return release(flags, name);
  // Redis may have died in between and lost the note: the flag that is set when it is back would be nobody's.
  await flags.note(name);
}

async function release(flags: PauseFlags, name: string): Promise<void> {
  await flags.resume(name);
  await flags.forget(name);
  // Whoever placed a hold after this look sets note and flag after it, too. One placed before may have had either undone just now.
  if (await isHeld(flags, name)) await pause(flags, name);
  // Set again by somebody who had seen the hold, his note gone with ours: it stays ours, and the next sweep clears it.
  else if (await flags.isPaused(name)) await flags.note(name);
}
