/**
 * An owned, reasoned, expiring stop on intake. The pause flag of a queue follows its holds: it is set while one stands, and cleared by
 * whoever sweeps when none is left.
 */
export interface Hold {
  id: string;
  /** `window:<id>` for a window's own, else who placed it. */
  owner: string;
  reason: string;
  placedAt: string;
  /** ISO 8601. Past it, any server or host lifts the hold. */
  until: string;
  queues: string[];
}
