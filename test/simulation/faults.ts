import { iso } from '../support/window-samples.js';
import { ask } from './operator.js';
import type { Server } from './server.js';
import { CALM_AT, type Fault } from './story.js';
import type { World } from './world.js';

/** Plans what goes wrong, and that all of it is over when the story is to be calm. */
export function plotFaults(world: World): void {
  for (const fault of world.story.faults) {
    if (fault.kind === 'Redis loses what it wrote last') forget(world, fault);
    else world.scheduler.in(fault.at, fault.kind, () => begin(world, fault));
  }
  if (world.story.faults.length > 0) world.scheduler.in(CALM_AT, 'calm', () => calm(world));
}

function begin(world: World, fault: Fault): void {
  const { scheduler, network, redis } = world;
  if (world.isCalm) return;
  world.say(`--- ${fault.kind} (${fault.which}, ${fault.ms} ms)`);
  world.monitor.onTrouble(fault.kind);
  /** Ends after its time, but not after the calm has begun. */
  const until = (end: () => void) => {
    const left = Math.max(0, Math.min(fault.ms, CALM_AT - scheduler.now));
    scheduler.in(left, `${fault.kind}: over`, () => {
      world.say(`--- over: ${fault.kind}`);
      world.monitor.onTrouble('over');
      end();
    });
  };
  const servers = world.servers.filter(({ process }) => process.state !== 'dead');
  const server = servers[fault.which % Math.max(1, servers.length)];
  const hosts = world.hosts.filter(({ state }) => state === 'running');
  const host = hosts[fault.which % Math.max(1, hosts.length)];
  switch (fault.kind) {
    case 'server is killed':
      return server && killServer(world, server, until);
    case 'leader is killed':
      return killServer(world, world.leader() ?? server, until);
    case 'server is stopped':
      return stopServer(server, until);
    case 'leader is stopped':
      return stopServer(world.leader() ?? server, until);
    case 'server is cut off':
      server?.process.cut();
      return until(() => server?.process.heal());
    case 'all servers are killed':
      for (const each of servers) each.process.kill();
      return until(() => void world.serve());
    case 'host is killed':
      host?.die();
      return until(() => void (host && world.join()));
    case 'host is stopped':
      if (!host) return;
      host.state = 'stopped';
      return until(() => {
        if (host.state === 'stopped') host.state = 'running';
      });
    case 'host is cut off':
      if (!host) return;
      host.isCutOff = true;
      return until(() => {
        host.isCutOff = false;
      });
    case 'host goes deaf':
      if (!host) return;
      host.isDeaf = true;
      return until(() => {
        host.isDeaf = false;
      });
    case 'host leaves':
      if (host) host.isLeaving = true;
      return until(() => void (host && world.join()));
    case 'host joins':
      return void (world.hosts.length < 6 && world.join());
    case 'Redis is away':
      return away(world, until);
    case 'Redis refuses':
      network.trouble = 'refused';
      return until(() => {
        network.trouble = 'none';
      });
    case 'answers are lost':
      network.trouble = 'answer lost';
      return until(() => {
        network.trouble = 'none';
      });
    case 'the clock jumps':
      world.skewMs += [-20_000, -3_000, -500, 500, 3_000, 20_000][fault.which % 6]!;
      return;
    case 'wake-ups are lost':
      world.wakes = { lost: 1, twice: 0 };
      return until(() => {
        world.wakes = { lost: 0.02, twice: 0.02 };
      });
    case 'wake-ups come twice':
      world.wakes = { lost: 0, twice: 1 };
      return until(() => {
        world.wakes = { lost: 0.02, twice: 0.02 };
      });
    case 'somebody asks':
      return ask(world, (['start', 'cancel', 'abort', 'end'] as const)[fault.which % 4]!);
    case 'somebody extends':
      return ask(world, 'extend');
    case 'somebody holds the queue': {
      const [placedAt, until] = [iso(redis.now()), iso(redis.now() + fault.ms)];
      const hold = {
        id: `hold-ann-${fault.at}`,
        owner: 'ann',
        reason: 'r',
        placedAt,
        until,
        queues: ['reports'],
      };
      return redis.placeHold(hold);
    }
  }
}

type Until = (end: () => void) => void;

function killServer(world: World, server: Server | undefined, until: Until): void {
  server?.process.kill();
  until(() => void world.serve());
}

function stopServer(server: Server | undefined, until: Until): void {
  server?.process.stop();
  until(() => server?.process.continue());
}

function away(world: World, until: Until): void {
  world.network.away = true;
  for (const { process } of world.servers) process.reset();
  until(() => {
    world.network.away = false;
    for (const { process } of world.servers) process.heal();
  });
}

/** It comes back as it was up to a second before. */
function forget(world: World, fault: Fault): void {
  const lostMs = Math.min(fault.at, (fault.which + 1) * 83);
  world.scheduler.in(fault.at - lostMs, 'written to disk', () => {
    const forgets = [world.redis.remember(), world.runs.remember()];
    world.scheduler.in(lostMs, fault.kind, () => {
      if (world.isCalm) return;
      world.say(`--- ${fault.kind} (${lostMs} ms of it)`);
      away(world, end => {
        world.scheduler.in(Math.min(fault.ms, 1_200), 'Redis is back', () => {
          for (const each of forgets) each();
          world.monitor.onTrouble('Redis is back as it was');
          end();
        });
      });
    });
  });
}

/** Everything works again, and there is somebody. */
export function calm(world: World): void {
  if (world.isCalm) return;
  world.isCalm = true;
  world.say('--- calm');
  world.monitor.onTrouble('calm');
  world.network.away = false;
  world.network.trouble = 'none';
  world.wakes = { lost: 0.02, twice: 0.02 };
  for (const { process } of world.servers) {
    process.continue();
    process.heal();
  }
  for (const host of world.hosts) {
    host.isDeaf = host.isCutOff = false;
    if (host.state === 'stopped') host.state = 'running';
  }
  if (!world.servers.some(({ process }) => process.state === 'running')) world.serve();
  if (!world.hosts.some(({ state, isLeaving }) => state === 'running' && !isLeaving)) world.join();
}
