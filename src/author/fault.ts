/** Notes what is wrong with a definition. `pointer`: a JSON pointer into the options. `detail`: what to change. */
export type Fault = (pointer: string, detail: string) => void;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
