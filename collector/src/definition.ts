/**
 * The shape of a workflow that is known before it runs: a tree of steps, or a graph of routines. What a service sends of
 * it is checked here, once, and is sound from there on.
 */

import { LIMITS } from "@weir/sdk/attributes";

export interface TreeNode {
  id: string;
  /** Such as `sequence` or `wait`; a newer SDK may have others than this program knows. */
  type: string;
  name?: string;
  /** In few words, such as `500 ms`. */
  detail?: string;
  children?: TreeNode[];
}

export interface TreeDefinition {
  kind: "tree";
  name: string;
  root: TreeNode;
}

export interface GraphNode {
  id: string;
  slots: string[];
  events: string[];
  /** Its failure does not fail the job. */
  optional?: boolean;
  critical?: boolean;
}

export interface GraphEdge {
  id: string;
  source: string;
  event: string;
  target: string;
  slot: string;
}

export interface GraphDefinition {
  kind: "graph";
  name: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export type Definition = TreeDefinition | GraphDefinition;

/** It has not the agreed shape: where, what was expected, what was got. */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
}

/** What walks a tree later must not run out of stack. */
const DEEPEST = 64;

/**
 * A definition as text, checked; members that are not known are left out.
 *
 * @throws {DefinitionError}
 */
export function readDefinition(text: string): Definition {
  if (text.length > LIMITS.definition)
    throw wrong("", `at most ${LIMITS.definition} characters`, text.length);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("", "JSON", text);
  }
  return checkDefinition(value);
}

/** One that was checked, from the text in which it is kept. */
export function definitionFrom(text: string | null): Definition | null {
  return text === null || text === "" ? null : (JSON.parse(text) as Definition);
}

/** @throws {DefinitionError} */
export function checkDefinition(value: unknown): Definition {
  const { kind, name, ...rest } = objectOf(value, "");
  switch (kind) {
    case "tree":
      return { kind, name: textOf(name, "name"), root: treeOf(rest.root) };
    case "graph":
      return { kind, name: textOf(name, "name"), ...graphOf(rest) };
    default:
      throw wrong("kind", '"tree" or "graph"', kind);
  }
}

/** Without what the author of the workflow wrote in words of his own. */
export function withoutDetails(definition: Definition): Definition {
  if (definition.kind === "graph") return definition;
  const bare = ({ detail: _, children, ...node }: TreeNode): TreeNode =>
    children === undefined ? node : { ...node, children: children.map(bare) };
  return { ...definition, root: bare(definition.root) };
}

function treeOf(value: unknown): TreeNode {
  const ids = new Set<string>();
  const nodeOf = (value: unknown, where: string, depth: number): TreeNode => {
    if (depth > DEEPEST) throw wrong(where, `at most ${DEEPEST} nodes in one another`, "more");
    const { id, type, name, detail, children } = objectOf(value, where);
    return {
      id: newId(ids, id, `${where}.id`),
      type: textOf(type, `${where}.type`),
      ...(name === undefined ? {} : { name: textOf(name, `${where}.name`) }),
      ...(detail === undefined ? {} : { detail: textOf(detail, `${where}.detail`) }),
      ...(children === undefined
        ? {}
        : {
            children: listOf(children, `${where}.children`, (child, at) => nodeOf(child, at, depth + 1)),
          }),
    };
  };
  return nodeOf(value, "root", 1);
}

function graphOf({ nodes, edges }: Json): Pick<GraphDefinition, "nodes" | "edges"> {
  const nodeIds = new Set<string>();
  const edgeIds = new Set<string>();
  const endOf = (value: unknown, where: string) => {
    const id = textOf(value, where);
    if (!nodeIds.has(id)) throw wrong(where, "the id of a node", value);
    return id;
  };
  return {
    nodes: listOf(nodes, "nodes", (value, where) => {
      const { id, slots, events, optional, critical } = objectOf(value, where);
      return {
        id: newId(nodeIds, id, `${where}.id`),
        slots: listOf(slots, `${where}.slots`, textOf),
        events: listOf(events, `${where}.events`, textOf),
        ...(optional === true ? { optional } : {}),
        ...(critical === true ? { critical } : {}),
      };
    }),
    edges: listOf(edges, "edges", (value, where) => {
      const { id, source, event, target, slot } = objectOf(value, where);
      return {
        id: newId(edgeIds, id, `${where}.id`),
        source: endOf(source, `${where}.source`),
        event: textOf(event, `${where}.event`),
        target: endOf(target, `${where}.target`),
        slot: textOf(slot, `${where}.slot`),
      };
    }),
  };
}

type Json = Record<string, unknown>;

/** What steps name it by, and so only one. */
function newId(known: Set<string>, value: unknown, where: string): string {
  const id = textOf(value, where);
  if (known.has(id)) throw wrong(where, "an id that no other has", value);
  known.add(id);
  return id;
}

function objectOf(value: unknown, where: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw wrong(where, "an object", value);
}

function listOf<T>(value: unknown, where: string, read: (value: unknown, where: string) => T): T[] {
  if (!Array.isArray(value)) throw wrong(where, "a list", value);
  return value.map((item, at) => read(item, `${where}[${at}]`));
}

function textOf(value: unknown, where: string): string {
  if (typeof value === "string" && value !== "") return value.toWellFormed();
  throw wrong(where, "text", value);
}

function wrong(where: string, expected: string, got: unknown): DefinitionError {
  const text = typeof got === "string" ? JSON.stringify(got.slice(0, 40)) : shown(got);
  return new DefinitionError(`${where === "" ? "" : `${where}: `}expected ${expected}, got ${text}`);
}

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return value === undefined ? "nothing" : String(value);
}
