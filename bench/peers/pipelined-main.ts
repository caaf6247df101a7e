import { readFileSync } from 'node:fs';
import { connect } from '../../src/store/redis.js';
import { monotonicMs } from '../support/clock.js';

/** The bound of a commit: the product's own script by EVALSHA from one process, all that is under way in one pipeline. */
export interface PipelinedOptions {
  redisUrl: string;
  /** The Lua file. */
  script: string;
  prefix: string;
  runs: number;
  bytes: number;
  ms: number;
}

const { redisUrl, script, prefix, runs, bytes, ms } = JSON.parse(process.argv[2]!) as PipelinedOptions;
// Nothing here outlives a lost connection, so the client may pipeline by itself: all that is issued in one turn of the loop.
const redis = connect({ url: redisUrl }, { enableAutoPipelining: true });
redis.defineCommand('save', { numberOfKeys: 3, lua: readFileSync(script, 'utf8') });
const save = (redis as unknown as { save(...args: string[]): Promise<unknown[]> }).save.bind(redis);
process.once('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));

const keys = (run: number) => [`${prefix}:${run}:lock`, `${prefix}:${run}`, `${prefix}:live`];
for (let run = 0; run < runs; run++) {
  await redis.set(keys(run)[0]!, 'token');
  await redis.hset(keys(run)[1]!, 'fence', '1');
}
let told = 0;
const fill = 'x'.repeat(bytes);
const from = monotonicMs();
await Promise.all(Array.from({ length: runs }, (_, run) => loop(run)));
const took = monotonicMs() - from;
const counts = await Promise.all(
  Array.from({ length: runs }, (_, run) => redis.hget(keys(run)[1]!, 'count')),
);
const commits = counts.reduce((sum, count) => sum + Number(count), 0);
redis.disconnect();
process.send!({ t: 'done', commits, told, ms: took });
process.disconnect();

async function loop(run: number): Promise<void> {
  for (let i = 0; monotonicMs() - from < ms; i++) {
    const state = JSON.stringify({ i, fill });
    const [answer] = await save(...keys(run), 'token', '1', String(run), state, '1', '', 'save');
    if (answer !== 'ok') throw new Error(`the script answered ${answer}`);
    told++;
  }
}
