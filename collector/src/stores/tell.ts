/** Telling listeners of a change: one that throws harms neither the store nor the others. */
import type { FlowChange } from "../store.ts";

export function tell(listeners: Iterable<(changes: FlowChange[]) => void>, changes: FlowChange[]): void {
  if (changes.length === 0) return;
  for (const listener of listeners) {
    try {
      listener(changes);
    } catch (error) {
      process.emitWarning(
        `store: a listener failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
