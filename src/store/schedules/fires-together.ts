import type { Fire } from '../../model/schedule.js';
import { listApps } from '../intents.js';
import type { Store } from '../redis.js';
import { readFiresOfEach } from './fires.js';
import { listSchedules, theOne } from './schedules.js';

/** A schedule that has a ledger, also where it does not apply any more. */
export interface LedgerOf {
  app: string;
  schedule: string;
}

/** Where a fire stands in the list of all: the newest first, those of one instant by app and schedule. */
export interface FirePlace extends LedgerOf {
  /** ms. */
  at: number;
}

/** So many ledgers are asked for at once, then others have a turn. */
const AT_ONCE = 500;

/** All that have a ledger, of one app or of all: those that apply, and those that are gone for as long as they are remembered. */
export async function listLedgers(store: Store, app?: string): Promise<LedgerOf[]> {
  const { redis, keys } = store;
  const apps = app === undefined ? await listApps(store) : [app];
  const names = await Promise.all(apps.map(each => redis.hkeys(keys.scheduleStates(each))));
  return apps.flatMap((app, i) => names[i]!.map(schedule => ({ app, schedule })));
}

/**
 * Whose ledger is meant: that of a schedule which applies, else of one that is gone.
 * @throws SlackwaterError as `findSchedule`
 */
export async function findLedger(store: Store, schedule: string, app?: string): Promise<LedgerOf> {
  const applied = (await listSchedules(store, app)).filter(({ job }) => job === schedule);
  if (applied.length > 0) return { app: theOne(schedule, applied, app).app, schedule };
  const all = await listLedgers(store, app);
  const gone = all.filter(of => of.schedule === schedule);
  return theOne(
    schedule,
    gone,
    app,
    all.map(of => of.schedule),
  );
}

/** What was read of one ledger: its newest fires after the place that the page begins at. */
interface Read extends LedgerOf {
  fires: Fire[];
  /** All there are were read. */
  whole: boolean;
}

/**
 * The fires of several schedules together, the newest first, at most `limit`. Each ledger is read only as far as it reaches into the page: what is read in all is a small multiple of `limit`,
 * and one of each ledger.
 * @param options.after the last of the page before.
 */
export async function readFiresTogether(
  store: Store,
  ledgers: LedgerOf[],
  { after, limit }: { after?: FirePlace | undefined; limit: number },
): Promise<{ items: Fire[]; next: FirePlace | null }> {
  let reads = ledgers.map((of): Read => ({ ...of, fires: [], whole: false }));
  let open = reads;
  let page: Fire[] = [];
  for (let most = 1; open.length > 0; most = Math.ceil(limit / open.length) + 1) {
    for (let i = 0; i < open.length; i += AT_ONCE)
      await readOn(store, open.slice(i, i + AT_ONCE), { after, most });
    reads = reads.filter(({ fires }) => fires.length > 0);
    // One beyond the page says whether there is another.
    page = reads
      .flatMap(({ fires }) => fires)
      .sort(byPlace)
      .slice(0, limit + 1);
    const last = page.length > limit ? page.at(-1)! : null;
    // Only of those whose last one read is on the page there may be others on it.
    if (last !== null) reads = reads.filter(({ fires }) => byPlace(fires[0]!, last) <= 0);
    open = reads.filter(({ fires, whole }) => !whole && (last === null || byPlace(fires.at(-1)!, last) < 0));
  }
  const items = page.slice(0, limit);
  return { items, next: page.length > limit ? placeOf(items.at(-1)!) : null };
}

/** Reads `most` more of each. */
async function readOn(
  store: Store,
  reads: Read[],
  { after, most }: { after: FirePlace | undefined; most: number },
): Promise<void> {
  const asked = reads.map(({ app, schedule, fires }) => {
    const last = fires.at(-1);
    // Of the instant of the place itself come those of later names.
    const withSame = last === undefined && after !== undefined && compare({ app, schedule }, after) > 0;
    const before = last ? Date.parse(last.at) : after && (withSame ? after.at + 1 : after.at);
    return { app, schedule, before };
  });
  const found = await readFiresOfEach(store, asked, most);
  reads.forEach((read, i) => {
    read.fires.push(...found[i]!);
    read.whole = found[i]!.length < most;
  });
}

const placeOf = ({ at, app, schedule }: Fire): FirePlace => ({ at: Date.parse(at), app, schedule });

/** Instants are ISO 8601 of one length, so their texts have their order. */
const byPlace = (a: Fire, b: Fire): number => (a.at === b.at ? compare(a, b) : a.at < b.at ? 1 : -1);

function compare(a: LedgerOf, b: LedgerOf): number {
  if (a.app !== b.app) return a.app < b.app ? -1 : 1;
  return a.schedule === b.schedule ? 0 : a.schedule < b.schedule ? -1 : 1;
}
