import type { Store } from '../redis.js';

/** Payloads that go with the script itself, and at once into a list. */
const INLINE = 100;
const AT_ONCE = 500;
const INLINE_BYTES = 64 * 1024;
/** What nobody ended. */
const TRY_MS = 3_600_000;

const bytesOf = (texts: string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

/** Whether they may go with the script that keeps them. */
export const fitInline = (payloads: string[]): boolean =>
  payloads.length <= INLINE && bytesOf(payloads) <= INLINE_BYTES;

/** Under a name that nobody else uses, until they are all there. */
export async function storePayloads({ redis }: Store, key: string, payloads: string[]): Promise<void> {
  let [some, bytes]: [string[], number] = [[], 0];
  const push = () =>
    redis
      .pipeline()
      .rpush(key, ...some)
      .pexpire(key, TRY_MS)
      .exec()
      .then(throwFirst);
  for (const payload of payloads) {
    some.push(payload);
    bytes += payload.length;
    if (some.length < AT_ONCE && bytes < INLINE_BYTES) continue;
    await push();
    [some, bytes] = [[], 0];
  }
  if (some.length > 0) await push();
}

function throwFirst(answers: [error: Error | null, result: unknown][] | null): void {
  const failed = answers?.find(([error]) => error);
  if (failed) throw failed[0];
}
