import type { Fate, Fates } from '../model/schedule.js';
import type { Clock } from '../platform/clock.js';
import type { Logger } from '../platform/logger.js';
import type { SchedulerEvent } from '../schedule/scheduler.js';

type Told = Exclude<SchedulerEvent, { type: 'trouble' }>;

const MINUTE_MS = 60_000;

/**
 * What the log says of schedules: those that change, and fires that did not simply run. The first of them at once, those that follow in a
 * sum a minute: a backlog is let go in hundreds of pieces, and what else the log says must not drown in it.
 */
export class ToldSchedules {
  /** By app: what came since its last line. */
  readonly #minutes = new Map<string, { fates: Fates; cancel: () => void }>();

  constructor(
    private readonly log: Logger,
    private readonly clock: Clock,
  ) {}

  tell(event: Told): void {
    if (event.type === 'applied') this.#applied(event);
    else this.#fires(event.app, event.fates);
  }

  /** Every minute's rest, now. */
  flush(): void {
    for (const app of this.#minutes.keys()) {
      this.#minutes.get(app)!.cancel();
      this.#sum(app);
    }
  }

  #applied({ app, release, diff }: Extract<Told, { type: 'applied' }>): void {
    const { added, removed, changed } = diff;
    if (added.length + removed.length + changed.length === 0) return;
    const text = `${added.length} new, ${changed.length} changed, ${removed.length} gone`;
    this.log.info({ app, release }, `schedules of ${app} follow release ${release}: ${text}`);
  }

  #fires(app: string, fates: Fates): void {
    const minute = this.#minutes.get(app);
    const isFirst = minute === undefined && isWorthALine(fates);
    this.log[isFirst ? 'info' : 'debug']({ app, ...fates }, `fires of schedules of ${app}: ${textOf(fates)}`);
    if (minute)
      for (const [fate, count] of Object.entries(fates) as [Fate, number][])
        minute.fates[fate] = (minute.fates[fate] ?? 0) + count;
    else if (isFirst) this.#begin(app);
  }

  #begin(app: string): void {
    const cancel = this.clock.after(MINUTE_MS, () => {
      if (this.#sum(app)) this.#begin(app);
    });
    this.#minutes.set(app, { fates: {}, cancel });
  }

  /** @returns whether there was something to tell. */
  #sum(app: string): boolean {
    const { fates } = this.#minutes.get(app)!;
    this.#minutes.delete(app);
    if (!isWorthALine(fates)) return false;
    this.log.info({ app, ...fates }, `fires of schedules of ${app} within a minute: ${textOf(fates)}`);
    return true;
  }
}

/** That a fire simply ran is what is expected of it. */
const isWorthALine = ({ ran: _, ...others }: Fates): boolean => Object.keys(others).length > 0;

const textOf = (fates: Fates): string =>
  Object.entries(fates)
    .map(([fate, count]) => `${count} ${fate}`)
    .join(', ');
