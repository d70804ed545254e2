/** Whether a run that was found under an id is the one that was meant. */
import { InputMismatch } from "./errors/input-mismatch.ts";
import { ProgramChanged } from "./errors/program-changed.ts";
import { RunIdTaken } from "./errors/run-id-taken.ts";
import type { NewRun, RunRecord } from "./journal.ts";
import { hasEnded } from "./status.ts";

/**
 * A run that has ended is returned whatever the input: its result is what the id stands for.
 *
 * @throws {RunIdTaken} the id is another tenant's or another flow's
 * @throws {ProgramChanged} it goes on under another version of the flow
 * @throws {InputMismatch} it goes on with another input
 */
export function sameRun(
  found: RunRecord,
  wanted: Pick<NewRun, "tenant" | "flow" | "inputDigest">,
): RunRecord {
  const { id, flow } = found;
  if (found.tenant !== wanted.tenant) throw new RunIdTaken(id, "tenant");
  if (flow.name !== wanted.flow.name) throw new RunIdTaken(id, "flow");
  if (hasEnded(found.status)) return found;
  if (flow.version !== wanted.flow.version) {
    const named = (version: number) => `flow ${flow.name} in version ${version}`;
    throw new ProgramChanged(id, "", named(flow.version), named(wanted.flow.version));
  }
  if (found.inputDigest !== wanted.inputDigest) throw new InputMismatch(id);
  return found;
}
