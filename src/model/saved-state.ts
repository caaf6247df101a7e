import * as z from 'zod';

/**
 * A saved state outside of Redis, one a line in a file: what `GET /v1/checkpoints` answers, `runs export-checkpoints` writes and `release check`
 * reads. Only the first three fields are needed to read it again; the others say where it is from.
 */
export const savedStateSchema = z.object({
  job: z.string().min(1).max(300),
  /** Of the checkpoint's schema; `null` where only the library's own cursors were saved. */
  version: z.int().min(1).nullable(),
  /** As it is stored (`state-codec`), so that dates, maps and sets survive; `null` as above. */
  state: z.string().nullable(),
  run: z.string().max(400).nullable().default(null),
  /** ISO 8601. */
  savedAt: z.string().max(40).nullable().default(null),
  /** The release that wrote it. */
  release: z.string().max(100).nullable().default(null),
});
export type SavedState = z.infer<typeof savedStateSchema>;
