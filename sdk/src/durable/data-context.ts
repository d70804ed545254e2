/** The data of one execution: its own, and what it sees of the one that it was started from. */

import { checkNow } from "../run/index.ts";
import type { Accessor, AccessorWithDefault } from "./accessor.ts";
import { ValueMissing } from "./errors/value-missing.ts";

/** Reads and writes by typed keys. */
export interface Data {
  /**
   * The value set here, else in the flow around this one, else the accessor's default.
   *
   * @throws {ValueMissing} where there is none
   * @throws {ValueInvalid} where it was set under this key by an accessor with another schema
   * @example
   * const id = ctx.get(requestId);
   */
  get<Out>(accessor: Accessor<Out, unknown>): Out;
  /** As `get`, but `undefined` where there is none. */
  find<Out>(accessor: AccessorWithDefault<Out, unknown>): Out;
  find<Out>(accessor: Accessor<Out, unknown>): Out | undefined;
  /**
   * Sets the value for this flow and those that it starts from now on or has started; the flow around it never sees it.
   *
   * @returns the value as the schema made it
   * @throws {ValueInvalid}
   */
  set<Out, In>(accessor: Accessor<Out, In>, value: NoInfer<In>): Out;
}

interface Kept {
  readonly value: unknown;
  /** Its schema made the value, and would make another of it if asked twice. */
  readonly by: Accessor<unknown, unknown>;
}

export class DataContext implements Data {
  readonly #kept = new Map<string | symbol, Kept>();
  readonly #parent: DataContext | undefined;

  /** @throws {ValueInvalid} of an entry whose schema does not allow its value */
  constructor(entries: Iterable<readonly [Accessor<unknown, unknown>, unknown]> = [], parent?: DataContext) {
    this.#parent = parent;
    for (const [accessor, value] of entries) this.set(accessor, value);
  }

  /** The context of something that is started from here. */
  child(entries?: Iterable<readonly [Accessor<unknown, unknown>, unknown]>): DataContext {
    return new DataContext(entries, this);
  }

  get<Out>(accessor: Accessor<Out, unknown>): Out {
    const found = this.#read(accessor);
    if (found === undefined) throw new ValueMissing(accessor.key);
    return found.value;
  }

  find<Out>(accessor: AccessorWithDefault<Out, unknown>): Out;
  find<Out>(accessor: Accessor<Out, unknown>): Out | undefined;
  find<Out>(accessor: Accessor<Out, unknown>): Out | undefined {
    return this.#read(accessor)?.value;
  }

  set<Out, In>(accessor: Accessor<Out, In>, value: NoInfer<In>): Out {
    const checked = checkNow(accessor.schema, value, `set of ${String(accessor.key)}`);
    this.#kept.set(accessor.key, { value: checked, by: accessor });
    return checked;
  }

  #read<Out>(accessor: Accessor<Out, unknown>): { readonly value: Out } | undefined {
    const kept = this.#nearest(accessor.key);
    if (kept === undefined) return accessor.fallback;
    if (kept.by === accessor) return { value: kept.value as Out };
    return { value: checkNow(accessor.schema, kept.value, `get of ${String(accessor.key)}`) };
  }

  #nearest(key: string | symbol): Kept | undefined {
    for (let context: DataContext | undefined = this; context !== undefined; context = context.#parent) {
      const kept = context.#kept.get(key);
      if (kept !== undefined) return kept;
    }
    return undefined;
  }
}
