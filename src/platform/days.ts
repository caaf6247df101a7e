/** Of the calendar, `2026-12-25`: the 30th of February is none, though it can be parsed. */
export function isDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The same, or one of every year, `12-25`: that may be the 29th of February. */
export const isDayOrYearly = (text: string): boolean => isDay(text.length === 5 ? `2024-${text}` : text);

/** ISO 8601 with `Z` or an offset, to the minute at least. */
export const isTimeWithZone = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/i.test(text) && !Number.isNaN(Date.parse(text));
