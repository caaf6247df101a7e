/** Who cancels runs in tests, and for what. */
export const anna = { by: 'anna', reason: 'a mistake' };
