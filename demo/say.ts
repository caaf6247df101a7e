import { styleText } from 'node:util';
import { wrap } from '../src/cli/show/style.js';

/** Where what is told begins, after the seconds. */
const TEXT_FROM = 8;

/** Tells the story on stderr when stdout is for data, else on stdout. */
export class Narrator {
  readonly #out: NodeJS.WriteStream;
  readonly #began = performance.now();
  constructor(json: boolean) {
    this.#out = json ? process.stderr : process.stdout;
  }

  chapter(title: string): void {
    this.#out.write(`\n${this.#paint('bold', title)}\n`);
  }

  /** With the seconds since the demo began; on a terminal broken at words. */
  say(text: string): void {
    const seconds = ((performance.now() - this.#began) / 1_000).toFixed(1).padStart(5);
    const width = (this.#out.isTTY && this.#out.columns) || Number.POSITIVE_INFINITY;
    const lines = text.split('\n').flatMap(line => wrap(line, width - TEXT_FROM));
    this.#out.write(`${this.#paint('dim', `${seconds}s`)}  ${lines.join(`\n${' '.repeat(TEXT_FROM)}`)}\n`);
  }

  good(text: string): void {
    this.say(`${this.#paint('green', '✓')} ${text}`);
  }

  bad(text: string): void {
    this.say(`${this.#paint('red', '✗')} ${text}`);
  }

  #paint(format: 'bold' | 'dim' | 'green' | 'red', text: string): string {
    const plain = !this.#out.isTTY || process.env.NO_COLOR !== undefined;
    return plain ? text : styleText(format, text, { validateStream: false });
  }
}

/** `12 ms`, `1.3 s`. */
export const duration = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
