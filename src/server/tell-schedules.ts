import type { Logger } from '../platform/logger.js';
import type { SchedulerEvent } from '../schedule/scheduler.js';

type Told = Exclude<SchedulerEvent, { type: 'trouble' }>;

/** What the log says of schedules: those that change, and fires that did not simply run. */
export function tellSchedules(logger: Logger, event: Told): void {
  const { app } = event;
  if (event.type === 'applied') {
    const { added, removed, changed } = event.diff;
    if (added.length + removed.length + changed.length === 0) return;
    const text = `${added.length} new, ${changed.length} changed, ${removed.length} gone`;
    logger.info(
      { app, release: event.release },
      `schedules of ${app} follow release ${event.release}: ${text}`,
    );
    return;
  }
  const { ran = 0, ...others } = event.fates;
  const told = Object.entries(others).map(([fate, count]) => `${count} ${fate}`);
  if (told.length > 0)
    logger.info({ app, ran, ...others }, `fires of schedules of ${app}: ${told.join(', ')}`);
  else logger.debug({ app, ran }, `${ran} fires of schedules of ${app} ran`);
}
