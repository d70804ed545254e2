/** The definition of a flow: its name, its types, its dependencies and its handler. It runs nothing. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { LIMITS } from "../attributes.ts";
import { isSchema } from "../run/index.ts";
import type { FlowContext } from "./context.ts";
import { describeDependency, isDependency } from "./deps.ts";
import { checkDeps } from "./executor.ts";
import type { Deps, Resolved } from "./types.ts";

/** Tells what `flow` made from any other object, also when two copies of this package are loaded. */
export const FLOW: unique symbol = Symbol.for("weir.durable.flow");
declare const TYPES: unique symbol;

/**
 * A flow that may be executed in any scope. `Input` is what is handed in, before validation; `Output` what comes
 * out, after it.
 */
export interface Flow<Input, Output> {
  readonly [FLOW]: FlowParts;
  /** Carries the types; there is no such property. */
  readonly [TYPES]?: (input: Input) => Output;
  /** Given, or that of the handler function, or `"flow"`. */
  readonly name: string;
  readonly version: number;
}

/** Any flow at all: `worker({ flows })`. */
export type AnyFlow = Flow<never, unknown>;

export interface FlowParts {
  /** The name was given: a run of it can be found again by name and version, and go on in another process. */
  readonly named: boolean;
  readonly input: StandardSchemaV1 | undefined;
  readonly output: StandardSchemaV1 | undefined;
  readonly deps: Deps | undefined;
  /** Calls the user's handler. @param deps resolved, in the form of `deps`; unused where there are none */
  handle(deps: unknown, ctx: FlowContext, input: unknown): unknown;
}

/**
 * What a durable flow is called, and what it takes and gives.
 *
 * @typeParam Given what is handed in
 * @typeParam Input what the handler gets: as the schema makes it
 * @typeParam Returned what the handler returns
 * @typeParam Output what comes out: as the schema makes it
 */
export interface FlowDefinition<Given, Input, Returned, Output> {
  /** The kind of workflow, such as `"data_import"`: a run goes on under it in another process. At most 256 characters. */
  name: string;
  /** A whole number from 1, raised when a run that is under way can't go on with the changed handler. Default 1. */
  version?: number | undefined;
  /** Checks and transforms what is handed in, by any library that follows Standard Schema. */
  input?: StandardSchemaV1<Given, Input> | undefined;
  /** Checks and transforms what the handler returns. */
  output?: StandardSchemaV1<Returned, Output> | undefined;
}

type MaybePromise<T> = T | PromiseLike<T>;

/**
 * Defines a flow. What the first argument is, is told by its form: a function is the handler; an executor, one of its
 * forms, an array, or an object that holds nothing but these is what the handler depends on, whatever its keys are
 * called; an object whose `name` is a string is a definition.
 *
 * `defineFlow` is the same function, for a file that also imports the core's `flow`.
 *
 * @throws {TypeError} for anything else, such as an object with both a name and executors
 * @example
 * const triple = flow(config, (cfg, ctx, n: number) => n * cfg.multiplier);
 * @example
 * const fetchData = flow({ name: "fetch_data", version: 1 }, async (ctx, url: string) => {
 *   const data = await ctx.run("fetch", () => api.call(url));
 *   return ctx.run("process", () => transform(data));
 * });
 * @example
 * const order = flow(
 *   { name: "order", input: z.object({ id: z.string() }) },
 *   { bank, log },
 *   async ({ bank, log }, ctx, { id }) => ctx.run("charge", () => bank.charge(id)),
 * );
 */
export function flow<Returned, Input = void>(
  handler: (ctx: FlowContext, input: Input) => Returned,
): Flow<Input, Awaited<Returned>>;
export function flow<Returned, Input = void, Given = Input, Output = Returned>(
  definition: FlowDefinition<Given, Input, Returned, Output>,
  handler: (ctx: FlowContext, input: Input) => MaybePromise<Returned>,
): Flow<Given, Output>;
export function flow<const D extends Deps, Returned, Input = void>(
  deps: D,
  handler: (deps: Resolved<D>, ctx: FlowContext, input: Input) => Returned,
): Flow<Input, Awaited<Returned>>;
export function flow<const D extends Deps, Returned, Input = void, Given = Input, Output = Returned>(
  definition: FlowDefinition<Given, Input, Returned, Output>,
  deps: D,
  handler: (deps: Resolved<D>, ctx: FlowContext, input: Input) => MaybePromise<Returned>,
): Flow<Given, Output>;
export function flow(...args: unknown[]): AnyFlow {
  const { definition, deps, handler } = told(args);
  if (typeof handler !== "function") {
    throw new TypeError(
      `flow: expected the handler, a function, as the last argument, got ${describeDependency(handler)}`,
    );
  }
  if (deps !== undefined) checkDeps("flow", deps);
  const { name, version = 1, input, output } = definition ?? {};
  return {
    name: name ?? (handler.name || "flow"),
    version,
    [FLOW]: {
      named: name !== undefined,
      input,
      output,
      deps,
      handle: (resolved, ctx, given) =>
        deps === undefined ? handler(ctx, given) : handler(resolved, ctx, given),
    },
  };
}

export function isFlow(value: unknown): value is AnyFlow {
  return typeof value === "object" && value !== null && (value as Partial<AnyFlow>)[FLOW] !== undefined;
}

type CheckedDefinition = FlowDefinition<unknown, unknown, unknown, unknown>;

interface Told {
  definition?: CheckedDefinition;
  deps?: unknown;
  handler: unknown;
}

function told(args: unknown[]): Told {
  const [first, second, third] = args;
  if (args.length === 1) return { handler: first };
  if (args.length === 3) return { definition: checkDefinition(first), deps: second, handler: third };
  if (args.length === 2) {
    return isDeps(first)
      ? { deps: first, handler: second }
      : { definition: checkDefinition(first), handler: second };
  }
  throw new TypeError(
    `flow: expected (handler), (deps, handler), (definition, handler) or (definition, deps, handler), ` +
      `got ${args.length} arguments`,
  );
}

/** An array is never a definition; checkDeps looks into it. */
function isDeps(value: unknown): boolean {
  if (isDependency(value) || Array.isArray(value)) return true;
  return typeof value === "object" && value !== null && Object.values(value).every(isDependency);
}

const KEYS: readonly string[] = ["name", "version", "input", "output"] satisfies (keyof CheckedDefinition)[];

function checkDefinition(given: unknown): CheckedDefinition {
  if (typeof given !== "object" || given === null || Array.isArray(given) || isDependency(given)) {
    throw new TypeError(
      `flow: expected a definition such as { name: "data_import" }, or executors, got ${describeDependency(given)}`,
    );
  }
  const executor = Object.entries(given).find(([, value]) => isDependency(value));
  if (executor !== undefined) {
    throw new TypeError(
      `flow: expected a definition or a record of executors, got an object that is both: ` +
        `${describeDependency(executor[1])} at ${JSON.stringify(executor[0])} beside what is none. ` +
        `Give the two apart: flow(definition, deps, handler)`,
    );
  }
  const unknown = Object.keys(given).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(
      `flow: expected a definition of ${KEYS.join(", ")}, got ${JSON.stringify(unknown)} in it`,
    );
  }
  const definition = given as CheckedDefinition;
  checkName(definition.name);
  checkVersion(definition.version);
  checkSchema("input", definition.input);
  checkSchema("output", definition.output);
  return definition;
}

function checkName(name: unknown): void {
  if (typeof name === "string" && name !== "" && name.length <= LIMITS.name) return;
  const got = typeof name === "string" ? `one of ${name.length}` : describeDependency(name);
  throw new TypeError(`flow: expected its name to be a string of 1 to ${LIMITS.name} characters, got ${got}`);
}

function checkVersion(version: unknown): void {
  if (version === undefined || (Number.isSafeInteger(version) && (version as number) >= 1)) return;
  throw new TypeError(`flow: expected its version to be a whole number from 1, got ${String(version)}`);
}

function checkSchema(key: string, schema: unknown): void {
  if (schema === undefined || isSchema(schema)) return;
  throw new TypeError(
    `flow: expected its ${key} to be a schema that follows Standard Schema, got ${describeDependency(schema)}`,
  );
}
