/** Keeps the following of definitions from going round in circles, too deep, or on for too long. */

/** Enough for real chains of calls; beyond it a file is generated, or a loop of definitions. */
const maxDepth = 40;

export class Guard {
  readonly #active = new Set<object>();
  #depth = 0;
  #left: number;
  #cuts = 0;

  /** `mostSteps` may be taken until the next `begin`. */
  constructor(private readonly mostSteps = Infinity) {
    this.#left = mostSteps;
  }

  /** How often something was left out: while it stays the same, what was found is all there is. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Before another question, which is not to pay for how long the one before took. */
  begin(): void {
    this.#left = this.mostSteps;
  }

  /** Runs `body` unless it is running for the same thing already, too deep, or for too long. */
  run<T>(key: object, body: () => T | undefined): T | undefined {
    if (this.#active.has(key) || this.#depth >= maxDepth || this.#left-- <= 0) {
      this.#cuts++;
      return undefined;
    }
    this.#active.add(key);
    this.#depth++;
    try {
      return body();
    } finally {
      this.#depth--;
      this.#active.delete(key);
    }
  }
}
