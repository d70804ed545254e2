/** Work that still ran when a scope's grace period was over, and did not end when it was cancelled. */
export class GraceOver extends Error {
  override readonly name = "GraceOver";
  /** The work that was left running. */
  readonly running: readonly string[];
  /** Milliseconds. */
  readonly grace: number;

  constructor(running: readonly string[], grace: number) {
    const shown = running.slice(0, 10).join(", ") + (running.length > 10 ? ", …" : "");
    super(
      `dispose: expected work in flight to end within ${grace} ms or when cancelled, got ${running.length} ` +
        `still running: ${shown}; heed the abort signal in it, or give a longer grace`,
    );
    this.running = running;
    this.grace = grace;
  }
}
