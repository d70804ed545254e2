/** One attempt of a run: the handler is called with a context of its own. */
import { abortError, ROOT } from "../run/index.ts";
import type { Execution } from "./execution.ts";
import { applyExtensions } from "./extension.ts";
import { FlowFrame } from "./flow-frame.ts";

export async function attempt(execution: Execution): Promise<unknown> {
  const { flow, data, id: runId, tenant } = execution.facts;
  const { input } = execution;
  const { name, version } = flow;
  const frame = new FlowFrame(execution, flow, ROOT, data.child(), execution.signal);
  const operation = {
    name,
    version,
    input,
    runId,
    tenant,
    attempt: execution.attempt,
    key: undefined,
    replay: false,
  };
  try {
    return await applyExtensions(execution.around.extensions, "flow", operation, () => frame.handle(input));
  } catch (error) {
    // Nobody waits any more for what it has begun beside.
    frame.abort(abortError(`the attempt of flow ${name} has failed`));
    throw error;
  }
}
