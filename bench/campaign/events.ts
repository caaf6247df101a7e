import { appendFileSync } from 'node:fs';

/** What the campaign did and saw, with times: read beside the logs of the processes it tells how something came about. */
export class Events {
  readonly #began = performance.now();

  constructor(
    readonly file: string,
    private readonly show: (line: string) => void,
  ) {}

  /** ms since the campaign began. */
  get now(): number {
    return performance.now() - this.#began;
  }

  say(text: string): void {
    const line = `${(this.now / 1_000).toFixed(1).padStart(7)}s  ${new Date().toISOString().slice(11, 23)}  ${text}`;
    appendFileSync(this.file, `${line}\n`);
    this.show(line);
  }
}
