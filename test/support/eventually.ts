import { inspect } from 'node:util';

export interface EventuallyOptions {
  /** ms; default 30 000: a machine that is busy elsewhere needs long for what a whole chain of processes has to do. */
  timeout?: number;
  /** ms between two looks; default 20 */
  every?: number;
  /** What is waited for, for the message of the failure. */
  what?: string;
}

/**
 * Looks again until `condition` gives something truthy, which is returned. Assertions may be used in it: what it throws counts as
 * "not yet".
 * @throws Error on timeout, with the last value or the last error.
 */
export async function eventually<Value>(
  condition: () => Value | Promise<Value>,
  { timeout = 30_000, every = 20, what = 'the condition' }: EventuallyOptions = {},
): Promise<Exclude<Value, false | 0 | '' | null | undefined>> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const seen = await look(condition);
    if ('value' in seen && seen.value) return seen.value as Exclude<Value, false | 0 | '' | null | undefined>;
    if (performance.now() > deadline) {
      const last =
        'value' in seen ? `the last value was ${inspect(seen.value, { depth: 4 })}` : 'the last look failed';
      throw new Error(`${what} did not hold within ${timeout} ms: ${last}`, {
        cause: 'error' in seen ? seen.error : undefined,
      });
    }
    await new Promise(resolve => setTimeout(resolve, every));
  }
}

/** The value of a promise, or a failure that says what did not come in time. `seen` is asked for what was seen until then. */
export async function within<Value>(
  timeout: number,
  what: string,
  promise: Promise<Value>,
  seen: () => string = () => '',
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not come within ${timeout} ms\n${seen()}`)),
      timeout,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function look<Value>(
  condition: () => Value | Promise<Value>,
): Promise<{ value: Value } | { error: unknown }> {
  try {
    return { value: await condition() };
  } catch (error) {
    return { error };
  }
}
