/** What `run.ts` needs of a soak: one file of this folder each. */
export interface Soak {
  what: string;
  /** How many of what it counts, where nobody says. */
  count: number;
  /** @throws {Error} that says what was expected and what was got, and by which seed it can be had again */
  run(options: SoakOptions): Promise<void>;
}

export interface SoakOptions {
  count: number;
  /** Chance follows from it, where a soak can be had again. */
  seed: number;
  /** Prints a line of progress. */
  say: (line: string) => void;
}
