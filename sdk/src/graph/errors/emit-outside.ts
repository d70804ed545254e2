/** An event was emitted where nothing can be sent: outside a handler, after it has ended, or from another routine's. */
export class EmitOutside extends Error {
  override readonly name = "EmitOutside";
  readonly event: string;

  constructor(event: string, reason: string) {
    super(
      `emit of ${event}: expected to be called in a running handler of the routine that has the event: ${reason}. ` +
        "Await what the handler begins, and connect routines instead of calling each other's events",
    );
    this.event = event;
  }
}
