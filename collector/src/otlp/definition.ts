/** The definition that a flow's span carries. Thousands of flows carry the same, so it is looked into once. */
import { ATTR, LIMITS } from "@weir/sdk/attributes";
import { BoundedMap } from "../bounded-map.ts";
import { DefinitionError, readDefinition } from "../definition.ts";
import type { AttributeValue } from "../flow.ts";

/** Each may be 64 KB, with what was made of it. */
const MOST_REMEMBERED = 100;

/** As sent → the sound part of it, or why there is none. */
const known = new BoundedMap<string, { text: string } | { wrong: string }>(MOST_REMEMBERED);

/**
 * The definition as JSON, the same object for all flows that carry the same.
 *
 * @param leaveOut hears why, where there is one that is not taken
 */
export function definitionOf(
  value: AttributeValue | undefined,
  leaveOut: (why: string) => void,
): string | null {
  if (value === undefined) return null;
  const found = typeof value === "string" ? look(value) : { wrong: "expected JSON as text" };
  if ("text" in found) return found.text;
  leaveOut(`${ATTR.definition} is left out: ${found.wrong}`);
  return null;
}

function look(sent: string): { text: string } | { wrong: string } {
  let found = known.get(sent);
  if (found === undefined) {
    found = read(sent);
    // One that is too long to be taken is not worth its place.
    if (sent.length <= LIMITS.definition) known.set(sent, found);
  }
  return found;
}

function read(sent: string): { text: string } | { wrong: string } {
  try {
    return { text: JSON.stringify(readDefinition(sent)) };
  } catch (error) {
    if (error instanceof DefinitionError) return { wrong: error.message };
    throw error;
  }
}
