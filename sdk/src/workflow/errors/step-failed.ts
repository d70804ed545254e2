/** Work ended with `error(reason)` where the reason is no error, or asked to be tried again more often than it may be. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
  /** What was given to `error()`. */
  readonly reason: unknown;

  constructor(message: string, reason?: unknown) {
    super(message);
    this.reason = reason;
  }
}

/** An error stays what it is. */
export function asError(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  return new StepFailed(typeof reason === "string" ? reason : shown(reason), reason);
}

function shown(reason: unknown): string {
  try {
    return JSON.stringify(reason) ?? String(reason);
  } catch {
    return String(reason);
  }
}
