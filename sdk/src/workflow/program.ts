/** A workflow as its runs know it. */
import { hash } from "node:crypto";
import { checkNow, isSchema } from "../run/index.ts";
import { describe, type TreeDefinition } from "./describe.ts";
import type { Signals } from "./handle.ts";
import { below, nodeOf } from "./node.ts";
import { APPLY, type SignalOn } from "./on.ts";
import type { Node, Part } from "./part.ts";
import type { SignalFn } from "./signalled.ts";

export class Program {
  readonly name: string;
  readonly version: number;
  readonly initialState: object;
  readonly root: Part;
  readonly node: Node;
  readonly #signals: Signals;
  #definition: TreeDefinition | undefined;
  #nodes: Map<string, Node> | undefined;
  #shape: string | undefined;

  /** @throws {TypeError | RangeError} */
  constructor(name: string, version: number, initialState: object, root: Part, signals: Signals) {
    for (const [signal, schema] of Object.entries(signals))
      if (!isSchema(schema))
        throw new TypeError(
          `workflow ${name}: expected signal ${signal} to have a schema that follows Standard Schema, got ${typeof schema}`,
        );
    this.name = name;
    this.version = version;
    this.initialState = initialState;
    this.root = root;
    this.node = nodeOf(root);
    this.#signals = signals;
  }

  /** One object for all runs: it is written out once. */
  get definition(): TreeDefinition {
    this.#definition ??= describe(this.name, this.node);
    return this.#definition;
  }

  /** The same for trees with the same steps at the same places: a run goes on only in such a one. */
  get shape(): string {
    this.#shape ??= hash(
      "sha256",
      [...below(this.node)].map(({ id, part }) => `${id} ${part.type}`).join("\n"),
    );
    return this.#shape;
  }

  /** @throws {TypeError} the tree has none of this id */
  nodeAt(id: string): Node {
    this.#nodes ??= new Map([...below(this.node)].map((node) => [node.id, node]));
    const node = this.#nodes.get(id);
    if (node !== undefined) return node;
    throw new TypeError(`workflow ${this.name}: expected a tree with a step ${id}, got one without`);
  }

  /** What a declared signal does. @throws {TypeError | ValueInvalid} */
  signal(name: string, payload: unknown): SignalFn {
    const schema = Object.hasOwn(this.#signals, name) ? this.#signals[name] : undefined;
    if (schema === undefined) {
      const known = Object.keys(this.#signals);
      const expected = known.length === 0 ? "signals to be declared" : `one of ${known.join(", ")}`;
      throw new TypeError(
        `send: expected ${expected}, got ${JSON.stringify(name)}: see { signals } of workflow ${this.name}`,
      );
    }
    const checked = checkNow(schema, payload, `signal ${name}`);
    const { [APPLY]: apply } = schema as Partial<SignalOn<typeof schema, never>>;
    if (apply !== undefined) return (state) => apply(state, checked as never);
    return (state: object) => ({ ...state, [name]: checked });
  }
}
