interface Asked<Question, Answer> {
  question: Question;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Gathers the questions of one turn of the event loop and has those of one kind answered together, one batch of a kind after the other: what is asked
 * while a batch is under way is the next one.
 */
export class Together<Question, Answer> {
  readonly #gathered = new Map<string, Asked<Question, Answer>[]>();

  /** @param answer gives an answer to each question, in order. */
  constructor(private readonly answer: (kind: string, questions: Question[]) => Promise<Answer[]>) {}

  ask(kind: string, question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const gathered = this.#gathered.get(kind);
      const asked = { question, resolve, reject };
      if (gathered) return void gathered.push(asked);
      this.#gathered.set(kind, [asked]);
      setImmediate(() => void this.#answerAll(kind));
    });
  }

  async #answerAll(kind: string): Promise<void> {
    for (;;) {
      const batch = this.#gathered.get(kind)!;
      if (batch.length === 0) break;
      this.#gathered.set(kind, []);
      try {
        const answers = await this.answer(
          kind,
          batch.map(({ question }) => question),
        );
        for (const [i, { resolve }] of batch.entries()) resolve(answers[i]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#gathered.delete(kind);
  }
}
