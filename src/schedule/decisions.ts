import { fireRunId, unsentFire } from '../model/schedule.js';
import type { Decision } from '../store/schedules/record-fires.js';
import { stateText } from '../store/schedules/schedules.js';
import type { Entry } from './book.js';
import { FIRES_AT_ONCE } from './in-scripts.js';
import type { FirePlan } from './plan-fires.js';

/** What is to be recorded of a schedule: in one piece, but where many of its fires only pass by. */
export function decisionsOf({ app, schedule, state, seen }: Entry, plan: FirePlan): Decision[] {
  const name = schedule.job;
  const decisions: Decision[] = [];
  let [before, rest] = [seen, plan.fires];
  while (rest.length > FIRES_AT_ONCE) {
    const some = rest.slice(0, FIRES_AT_ONCE);
    // Those that were held before have their place in the state, which goes with the last piece.
    if (some.some(({ fate, at }) => at <= state.last || (fate !== 'skipped' && fate !== 'coalesced'))) break;
    const after = stateText({ ...state, last: some.at(-1)!.at });
    decisions.push({ schedule: name, seen: before, state: after, fires: some, unsent: [] });
    [before, rest] = [after, rest.slice(FIRES_AT_ONCE)];
  }
  const started = rest.find(({ fate }) => fate === 'ran' || fate === 'late');
  const run = started
    ? { queue: schedule.queue, id: fireRunId(app, name, started.at), at: started.at }
    : state.run;
  const fires = rest.map(fire => (fire === started ? { ...fire, run: run!.id } : fire));
  const unsent = started ? [unsentFire(app, schedule, run!.id, started.at)] : [];
  decisions.push({ schedule: name, seen: before, state: stateText({ ...plan.state, run }), fires, unsent });
  return decisions;
}
