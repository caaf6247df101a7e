import { writeList } from '../lists.js';
import type { Store } from '../redis.js';

/** Payloads that go with the script itself. */
const INLINE = 100;
const INLINE_BYTES = 64 * 1024;
/** What nobody ended. */
const TRY_MS = 3_600_000;

const bytesOf = (texts: string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

/** Whether they may go with the script that keeps them. */
export const fitInline = (payloads: string[]): boolean =>
  payloads.length <= INLINE && bytesOf(payloads) <= INLINE_BYTES;

/** Under a name that nobody else uses, until they are all there. */
export const storePayloads = (store: Store, key: string, payloads: string[]): Promise<void> =>
  writeList(store, key, payloads, TRY_MS);
