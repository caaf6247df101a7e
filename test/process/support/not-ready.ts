import { expect } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { runCli } from '../../support/processes.js';
import type { Product } from './product.js';

/** Whoever asks whether this server is ready, or the doctor, with or without a look at Redis, hears why it takes no writes. @param also names of other checks that are told all the same. */
export async function saysSo({ client, store }: Product, why: RegExp, also: string[] = []): Promise<true> {
  const answer = await fetch(`${client.url}/readyz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ detail: expect.stringMatching(why) });
  expect((await fetch(`${client.url}/healthz`)).status).toBe(200);
  for (const env of [{}, store.env]) {
    const { code, stdout } = await runCli(['doctor', '--json'], {
      env: { SLACKWATER_URL: client.url, ...env },
    });
    const { checks } = JSON.parse(stdout) as { checks: { name: string; level: string; text: string }[] };
    const failed = checks.filter(({ level, text }) => level === 'fail' && why.test(text));
    expect(failed.map(({ name }) => name)).toEqual('REDIS_URL' in env ? ['redis', 'server'] : ['server']);
    // What else is known is told all the same.
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(also));
    expect(code).toBe(1);
  }
  return true;
}

/** The log of every process has one line on it and one that it is over, soon, and no stack. */
export async function toldOnce({ server, hosts }: Product, why: RegExp): Promise<void> {
  for (const each of [server, ...hosts]) {
    const stderr = () => each.stderr;
    await eventually(() => /takes writes again/.test(stderr()), { timeout: 30_000 });
    const about = (text: RegExp) =>
      stderr()
        .split('\n')
        .filter(line => text.test(line));
    expect(about(why), stderr()).toHaveLength(1);
    expect(about(/takes writes again/), stderr()).toHaveLength(1);
    expect(stderr()).not.toMatch(/"stack"/);
  }
}
