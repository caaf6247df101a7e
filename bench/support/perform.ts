import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedis } from '../../src/redis/find-redis.mjs';
import type { Answer, Bench } from './bench.js';
import { compilePrograms } from './compile.js';
import { type Environment, environment, forget } from './environment.js';
import { Scope } from './scope.js';

const DATA = fileURLToPath(new URL('../../.slackwater', import.meta.url));

/** What came of one bench: an answer, or why there is none. */
export interface Outcome {
  bench: string;
  question: string;
  environment: Environment;
  answer: Answer | null;
  error: string | null;
  tookMs: number;
}

export interface PerformOptions {
  rounds?: number;
  sizes?: number[];
  quick?: boolean;
}

/** Runs one bench with a Redis and a folder of its own. Whatever happens, nothing of it is left: no process, file or key. */
export async function perform(
  bench: Bench,
  { rounds = bench.rounds, sizes = bench.sizes, quick = false }: PerformOptions,
): Promise<Outcome> {
  const scope = new Scope();
  const began = performance.now();
  const interrupted = interruption();
  const limit = new AbortController();
  try {
    mkdirSync(DATA, { recursive: true });
    const dir = realpathSync(mkdtempSync(join(DATA, 'bench-')));
    scope.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
    const redis = await findRedis({ data: dir, log: () => {} });
    const keys = `bench-${process.pid}-${Date.now()}`;
    scope.defer(async () => {
      if (redis.how !== 'private') await forget(redis.url, keys);
      await redis.stop();
    });
    const env = await environment(redis.url);
    const say = (line: string) => {
      const seconds = ((performance.now() - began) / 1_000).toFixed(1).padStart(6);
      process.stderr.write(`${seconds}s  ${bench.name}: ${line}\n`);
    };
    const programs = await compilePrograms(join(dir, 'programs'));
    const running = bench.run({ sizes, rounds, quick, dir, redisUrl: redis.url, keys, scope, programs, say });
    const result = await Promise.race([running, interrupted.signal, late(bench.limitMs, limit.signal)]).then(
      answer => ({ answer, error: null }),
      (error: Error) => ({ answer: null, error: error.message }),
    );
    // What is still under way ends with what is ended below, and then has nobody to tell.
    running.catch(() => {});
    const { name, question } = bench;
    return {
      bench: name,
      question,
      environment: env,
      ...result,
      tookMs: Math.round(performance.now() - began),
    };
  } finally {
    limit.abort();
    interrupted.forget();
    await scope.close();
  }
}

/** Ctrl-C and SIGTERM end the bench, in good order. */
function interruption(): { signal: Promise<never>; forget(): void } {
  let listener = (_: NodeJS.Signals) => {};
  const signal = new Promise<never>((_, reject) => {
    listener = name => reject(new Error(`ended by ${name}`));
  });
  signal.catch(() => {});
  process.on('SIGINT', listener).on('SIGTERM', listener);
  return { signal, forget: () => void process.off('SIGINT', listener).off('SIGTERM', listener) };
}

function late(ms: number, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`took longer than ${ms / 1_000} s`)), ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}
