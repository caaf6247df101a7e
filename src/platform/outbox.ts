/** Sends messages in batches, one a turn of the event loop, in order. */
export class Outbox<Message> {
  #batch: Message[] = [];

  constructor(private readonly send: (batch: Message[]) => void) {}

  push(message: Message): void {
    if (this.#batch.push(message) === 1) setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.send(batch);
  }
}
