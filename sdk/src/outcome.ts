/** Told how a function of the user's ended; only the first time counts. Must not throw. */
export interface Outcome {
  returned(): void;
  threw(error: unknown): void;
}
