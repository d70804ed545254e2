/** What the collector did not give, and why; or that it did not answer. */
export class WeirApiError extends Error {
  override readonly name = "WeirApiError";
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;
  /** The collector's own word for it, such as `not_found`; `unreachable` where no answer came. */
  readonly code: string;
  /** Milliseconds after which the same may be asked again, where the collector said so. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    about: { status: number; code: string; retryAfterMs?: number | null },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = about.status;
    this.code = about.code;
    this.retryAfterMs = about.retryAfterMs ?? null;
  }

  /** Whether it may go well a little later. */
  get passes(): boolean {
    return (
      this.status === 0 ||
      this.status === 429 ||
      this.status === 502 ||
      this.status === 503 ||
      this.status === 504
    );
  }
}
