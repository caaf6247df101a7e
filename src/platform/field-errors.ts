import type { FieldError } from './errors.js';

/** The faults in one sentence, the first few of them. */
export function describe(errors: FieldError[]): string {
  const shown = errors.slice(0, 3).map(({ pointer, detail }) => (pointer ? `${pointer} ${detail}` : detail));
  return shown.join('; ') + (errors.length > 3 ? ` (and ${errors.length - 3} more)` : '');
}

/** A path as a JSON pointer. */
export const pointerOf = (path: PropertyKey[]): string =>
  path.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
