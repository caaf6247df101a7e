import type { SavedState } from '../../model/saved-state.js';
import type { Client } from '../client.js';

interface Page {
  items: SavedState[];
  nextCursor: string | null;
}

/** The live states of a server, page by page; each run once. Only the IDs of those that were seen are kept. */
export async function* liveStates(
  client: Client,
  filter: { job?: string | undefined; app?: string | undefined },
): AsyncGenerator<SavedState> {
  const seen = new Set<string | null>();
  let cursor: string | undefined;
  do {
    const page: Page = await client.get('/v1/checkpoints', { ...filter, cursor });
    for (const state of page.items) {
      if (seen.has(state.run)) continue;
      seen.add(state.run);
      yield state;
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
