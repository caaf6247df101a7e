import { describe, expect, test } from 'vitest';
import type { HeldRun } from '../../src/host/held-run.js';
import { LoadLines } from '../../src/host/load-lines.js';
import { ToldRuns } from '../../src/host/told-runs.js';
import type { EventRecord } from '../../src/model/event.js';
import { readable } from '../../src/platform/logger.js';
import { lineOf } from '../../src/server/tell-events.js';
import { ToldSchedules } from '../../src/server/told-schedules.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { heardLog } from '../support/heard-log.js';

const runOf = (runId: string, failures = 0) =>
  ({ claimed: { runId }, job: 'bill', release: 'r1', failures, abort: null }) as unknown as HeldRun;
const error = { name: 'Error', message: 'no file\nat all', stack: 'Error: no file\n    at bill.ts:1' };

describe('the log of a host', () => {
  test('has a line for a run that failed, with what comes next and without its stack', () => {
    const { log, lines } = heardLog();
    const told = new ToldRuns(log, new FakeClock(0));
    told.failed(runOf('run-1'), error, 5_000);
    told.failed(runOf('run-1', 2), error, null);
    told.parked(runOf('run-2'), 'its worker died 3 times');
    expect(lines).toEqual([
      { level: 'info', text: 'run run-1 (bill) failed, attempt 1: Error: no file…; again in 5.0s' },
      {
        level: 'warn',
        text: 'run run-1 (bill) failed, attempt 3: Error: no file…; no attempt is left: slackwater runs show run-1',
      },
      {
        level: 'warn',
        text: 'run run-2 (bill) is parked until a person decides: its worker died 3 times: slackwater runs show run-2',
      },
    ]);
  });

  test('says why a run waits while others start', () => {
    const { log, lines } = heardLog();
    new ToldRuns(log, new FakeClock(0)).alone(runOf('run-1'), 'its worker died 2 times');
    expect(lines).toEqual([
      {
        level: 'info',
        text: 'run run-1 (bill) waits to run alone, one such run at a time until it advances: its worker died 2 times',
      },
    ]);
  });

  test('counts the runs beyond the first few of a minute, and begins anew with the next', () => {
    const { log, lines } = heardLog();
    const clock = new FakeClock(0);
    const told = new ToldRuns(log, clock);
    for (let i = 0; i < 1_000; i++) told.failed(runOf(`run-${i}`), error, null);
    expect(lines).toHaveLength(5);
    clock.advance(60_000);
    expect(lines.slice(5)).toEqual([
      { level: 'warn', text: '995 times more in this minute: runs of bill failed' },
    ]);
    told.failed(runOf('run-x'), error, null);
    told.flush();
    expect(lines).toHaveLength(7);
  });

  test('has a release that cannot be loaded once, and once that it can be again', () => {
    const { log, lines } = heardLog();
    const loads = new LoadLines(log);
    for (let i = 0; i < 5; i++) loads.broken('r1', 'no licence\n    at x.ts', 'its runs wait');
    loads.loaded('r1');
    loads.loaded('r1');
    expect(lines.map(({ text }) => text)).toEqual([
      'release r1 cannot be loaded here: no licence; its runs wait',
      'release r1 can be loaded again',
    ]);
  });

  test('has each reason why it cannot be loaded once, also where two come in turn', () => {
    const { log, lines } = heardLog();
    const loads = new LoadLines(log);
    for (let i = 0; i < 5; i++) {
      loads.broken('r1', 'a file is gone', 'its runs wait');
      loads.broken('r1', 'it cannot be fetched', 'its runs wait');
    }
    expect(lines.map(({ text }) => text)).toEqual([
      'release r1 cannot be loaded here: a file is gone; its runs wait',
      'release r1 cannot be loaded here: it cannot be fetched; its runs wait',
    ]);
  });
});

describe('the log of a server', () => {
  const machines = new Map([['host-1', 'box']]);
  const hold = {
    id: 'hold-1',
    owner: 'ann',
    reason: 'lunch',
    queues: ['q', 'r'],
    until: '2030-01-01T00:00:00Z',
  };
  test('has the first fires that did not simply run at once, and a sum a minute of those that follow', () => {
    const { log, lines } = heardLog();
    const clock = new FakeClock(0);
    const told = new ToldSchedules(log, clock);
    const fires = (fates: object, app = 'a') => told.tell({ type: 'fires', app, fates });
    const text = () => lines.splice(0).map(line => line.text);
    fires({ ran: 3 });
    expect(text()).toEqual([]);
    for (let i = 0; i < 300; i++) fires({ late: 4, ran: 1 });
    fires({ skipped: 1 });
    fires({ held: 1 }, 'b');
    expect(text()).toEqual(['fires of schedules of a: 4 late, 1 ran', 'fires of schedules of b: 1 held']);
    clock.advance(60_000);
    expect(text()).toEqual(['fires of schedules of a within a minute: 1196 late, 299 ran, 1 skipped']);
    fires({ late: 1 });
    fires({ ran: 2 }, 'b');
    expect(text()).toEqual([]);
    told.flush();
    expect(text()).toEqual(['fires of schedules of a within a minute: 1 late']);
    clock.advance(600_000);
    expect(text()).toEqual([]);
    fires({ late: 1 });
    expect(text()).toEqual(['fires of schedules of a: 1 late']);
  });

  test.each<[string, object, RegExp | null]>([
    ['host.joined', { host: 'host-1', hostname: 'box' }, /^info host host-1 on box has come$/],
    ['host.left', { host: 'host-1', reason: 'left' }, /^info host host-1 has left$/],
    [
      'host.left',
      { host: 'host-1', reason: 'silent' },
      /^warn host host-1 on box is silent: its runs go on elsewhere/,
    ],
    ['host.left', { host: 'host-2', reason: 'silent' }, /^warn host host-2 is silent/],
    ['hold.placed', { hold }, /^info ann holds intake of q, r until 2030.* \(hold-1\): lunch$/],
    ['hold.placed', { hold: { ...hold, owner: 'window:win-1' } }, null],
    ['hold.lifted', { hold, why: 'expired' }, /^info hold hold-1 of ann is expired/],
    ['hold.lifted', { hold: { ...hold, owner: 'window:win-1' }, why: 'window' }, null],
    [
      'gate.opened',
      { app: 'a', release: 'r1', why: 'its time was over' },
      /^warn intake of a opened by itself/,
    ],
    ['run.state', { run: 'run-1' }, null],
  ])('of %s %j', (type, data, says) => {
    const line = lineOf({ id: '1-0', at: '', type, ...data } as EventRecord, machines);
    if (says === null) expect(line).toBeNull();
    else expect(`${line!.level} ${line!.text}`).toMatch(says);
  });
});

test('on a terminal what others wrote neither colours nor moves what follows, and stays a line', () => {
  const line = { level: 'warn', time: '2030-01-01T10:20:30.000Z', name: 'host' };
  const msg = '\u001b[31mred\u001b[0m \u001b[2Jand\rgone\u009b1A\nbelow\u0007';
  const err = { stack: 'Error: \u001b[31mred\n    at y.ts:1' };
  const shown = readable(JSON.stringify({ ...line, msg, err }));
  expect(shown.split('\n').slice(1)).toEqual(['  Error: red', '      at y.ts:1', '']);
  expect(shown.split('\n')[0]).toMatch(/ host: red and gone.*below$/);
  expect(shown.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);

  const { log, lines } = heardLog();
  new ToldRuns(log, new FakeClock(0)).parked(runOf('run-1'), '\u001b[31mred\u001b[0m\r');
  expect(lines[0]!.text).toMatch(/decides: red: slackwater/);
});

test('on a terminal a line of the log is plain, with the stack of a fault below it', () => {
  const time = '2030-01-01T10:20:30.000Z';
  const at = new Date(time).toTimeString().slice(0, 8);
  const line = { level: 'warn', time, pid: 1, name: 'host', msg: 'Redis is away' };
  expect(readable(JSON.stringify(line))).toBe(`${at} warn  host: Redis is away\n`);
  const err = { message: 'x', stack: 'TypeError: x\n    at y.ts:1' };
  expect(readable(JSON.stringify({ ...line, err }))).toBe(
    `${at} warn  host: Redis is away\n  TypeError: x\n      at y.ts:1\n`,
  );
});
