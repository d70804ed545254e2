/** A flow awaits the end of the scope that waits for the flow. */
export class DisposeInFlow extends Error {
  override readonly name = "DisposeInFlow";
  readonly runId: string;

  constructor(runId: string) {
    super(
      `dispose: expected to be called from outside the flows of the scope, got a call from run ${runId}, which ` +
        "would wait for itself. Let the flow end, and dispose of the scope after",
    );
    this.runId = runId;
  }
}
