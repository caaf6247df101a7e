import { type Duration, parseDuration } from '../platform/duration.js';

/** When a job or workflow is to be run by itself. */
export interface ScheduleOptions<Payload = unknown> {
  /** Five fields, or six with seconds in front: `30 2 * * 1-5`. */
  cron: string;
  /** IANA name. Default: `UTC`. */
  timezone?: string;
  /** Fires that fell due while nothing could run: the latest of them runs late, all do one after another, or none. Default: `latest`. */
  missed?: 'latest' | 'all' | 'skip';
  /** A fire that falls due while the last run is on: is left out, waits for its end, or cancels it. Default: `skip`. */
  overlap?: 'skip' | 'queue' | 'replace';
  /** Default: `{}`. */
  payload?: Payload;
  /** Each fire starts by the same share of this later, another share for each schedule. Default: 10 s, and at most a tenth of the time to the next fire. */
  jitter?: Duration;
  /** No fire before this, ISO 8601 with a zone: `2026-01-01T00:00:00Z`. */
  startsAt?: string;
  /** No fire from this on. */
  endsAt?: string;
  /** Days without a fire, in the time zone of the schedule: `2026-12-25`, or `12-25` for every year. */
  except?: string[];
  /** At most so many missed or waiting fires run late, the newest. Default: 100. */
  maxMissed?: number;
  /** No missed fire runs that is older. Default: `7d`. */
  maxAge?: Duration;
}

/** Options with defaults filled in and durations in milliseconds; what was left out and has a default of its own at run time is not there. */
export interface ScheduleDefinition {
  readonly cron: string;
  readonly timezone: string;
  readonly missed: 'latest' | 'all' | 'skip';
  readonly overlap: 'skip' | 'queue' | 'replace';
  readonly payload: unknown;
  readonly jitterMs?: number;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly except?: readonly string[];
  readonly maxMissed?: number;
  readonly maxAgeMs?: number;
}

/** @param options as `checkSchedule` found nothing wrong with. */
export function scheduleDefinition(options: ScheduleOptions): ScheduleDefinition {
  const { cron, timezone = 'UTC', missed = 'latest', overlap = 'skip', payload = {} } = options;
  const { jitter, startsAt, endsAt, except, maxMissed, maxAge } = options;
  const iso = (time: string) => new Date(time).toISOString();
  return {
    cron,
    timezone,
    missed,
    overlap,
    payload,
    ...(jitter !== undefined && { jitterMs: parseDuration(jitter) }),
    ...(startsAt !== undefined && { startsAt: iso(startsAt) }),
    ...(endsAt !== undefined && { endsAt: iso(endsAt) }),
    ...(except !== undefined && { except: [...except] }),
    ...(maxMissed !== undefined && { maxMissed }),
    ...(maxAge !== undefined && { maxAgeMs: parseDuration(maxAge) }),
  };
}
