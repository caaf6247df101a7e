import { afterAll, afterEach, beforeEach } from 'vitest';

type Cleanup = () => unknown;

const ofTest: Cleanup[] = [];
const ofFile: Cleanup[] = [];
let inTest = false;

/** Runs `cleanup` when what it belongs to ends: the test, if one runs now, else the file. The last registered goes first. */
export function onEnd(cleanup: Cleanup): void {
  (inTest ? ofTest : ofFile).push(cleanup);
}

beforeEach(() => {
  inTest = true;
});

afterEach(async () => {
  inTest = false;
  await runAll(ofTest);
});

afterAll(() => runAll(ofFile));

/** All of them run, even if one fails; the first failure is reported. */
async function runAll(cleanups: Cleanup[]): Promise<void> {
  const failures: unknown[] = [];
  for (const cleanup of cleanups.splice(0).reverse()) {
    try {
      await cleanup();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
