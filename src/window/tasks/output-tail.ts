/** What is kept of what a try wrote, bytes. */
const KEPT = 4_096;

/** The end of a text, as many whole characters as 4 KiB hold. */
export class OutputTail {
  #bytes = Buffer.alloc(0);

  add(chunk: Buffer | Uint8Array | string): void {
    // A copy: what is kept of a large chunk must not keep the whole.
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(chunk)].map(lastOf));
    this.#bytes = Buffer.from(lastOf(this.#bytes));
  }

  get text(): string {
    let text = this.#bytes.subarray(wholeFrom(this.#bytes)).toString('utf8');
    // What is no UTF-8 is shown by a character that is longer than what it stands for.
    while (Buffer.byteLength(text) > KEPT) text = text.slice(Math.ceil(text.length / 8));
    return text;
  }

  /** For a sentence. */
  get lastLine(): string {
    return this.text.trimEnd().split(/\r?\n/).at(-1)!.trim().slice(-200);
  }
}

export function tailOf(text: string): string {
  const tail = new OutputTail();
  tail.add(text);
  return tail.text;
}

const lastOf = (bytes: Buffer): Buffer => bytes.subarray(Math.max(0, bytes.length - KEPT));

/** Past the rest of a character whose beginning was cut off. */
function wholeFrom(bytes: Buffer): number {
  if (bytes.length < KEPT) return 0;
  let from = 0;
  while (from < 3 && (bytes[from]! & 0b1100_0000) === 0b1000_0000) from++;
  return from;
}
