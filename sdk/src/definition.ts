/**
 * The shape of a workflow that is known before it runs: a tree of steps, or a graph of routines. Each flow of it carries
 * the whole as JSON, not the number of one sent before: a flow must be understood also where all else was lost.
 */
import type { Attributes } from "@opentelemetry/api";
import { ATTR, LIMITS } from "./attributes.ts";
import { diagnose } from "./diagnostics.ts";

/** Written out once for each workflow, and not for each of its runs. `undefined`: it can't be sent. */
const texts = new WeakMap<object, string | undefined>();

/**
 * Adds a definition; one that is too large or no JSON is left out, which a diagnostic says once.
 *
 * @param definition the same object for all runs of a workflow; it is not changed after it was first given
 * @example
 * addDefinition(attributes, { kind: "tree", name: "sync_book", root: { id: "0", type: "run", name: "push" } });
 */
export function addDefinition(attributes: Attributes, definition: object | undefined): void {
  if (definition === undefined) return;
  if (!texts.has(definition)) texts.set(definition, textOf(definition));
  const text = texts.get(definition);
  if (text !== undefined) attributes[ATTR.definition] = text;
}

function textOf(definition: object): string | undefined {
  const what = `the definition of ${nameOf(definition)} is left out, so its flows are shown without their shape`;
  try {
    const text = JSON.stringify(definition);
    if (text.length <= LIMITS.definition) return text;
    diagnose(
      "definition-too-large",
      `${what}: expected at most ${LIMITS.definition} characters of JSON, got ${text.length}`,
      text.slice(0, 256),
    );
  } catch (error) {
    diagnose("definition-no-json", `${what}: it can't be written as JSON (${String(error)})`);
  }
  return undefined;
}

function nameOf(definition: object): string {
  return "name" in definition ? JSON.stringify(definition.name) : "a workflow";
}
