// A hook of the campaign's windows: notes that it was begun, where only this program writes, and takes its time.
import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const [file, ms] = process.argv.slice(2);
const { SLACKWATER_WINDOW: window, SLACKWATER_HOOK: hook, SLACKWATER_ATTEMPT: attempt } = process.env;
appendFileSync(String(file), `${JSON.stringify({ window, hook, attempt: Number(attempt) })}\n`);
await wait(Number(ms));
