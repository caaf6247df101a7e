/** How long processes have between SIGTERM and SIGKILL, ms. */
const KILL_AFTER_MS = 2_000;
const LOOK_EVERY_MS = 25;

/**
 * Ends all processes of a group: asks first, kills what is still there after 2 s. Resolves when none is left.
 * @param leader PID of the process that the group was made for. It may have ended.
 */
export async function endGroup(leader: number): Promise<void> {
  if (!signalGroup(leader, 'SIGTERM')) return;
  const killAt = performance.now() + KILL_AFTER_MS;
  while (performance.now() < killAt) {
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS));
    if (!signalGroup(leader, 0)) return;
  }
  signalGroup(leader, 'SIGKILL');
}

/** @returns whether there is such a group. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}
