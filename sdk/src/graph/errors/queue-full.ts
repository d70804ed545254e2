/** More deliveries would have been queued than a job may have. */
export class QueueFull extends Error {
  override readonly name = "QueueFull";
  readonly maxQueued: number;

  constructor(event: string, maxQueued: number) {
    super(
      `emit of ${event}: expected at most ${maxQueued} deliveries in the queue of the job, got more. ` +
        "Emit in several deliveries, such as one a page, or raise maxQueued of the graph",
    );
    this.maxQueued = maxQueued;
  }
}
