/**
 * Generators and streams go on after the function that made them has returned: its work is over when they have been
 * read to the end, closed early, or failed. They stay the objects that they are; what has to be known is heard by
 * methods of their own put before those of their class.
 *
 * One that nobody ever reads leaves its step open, as nobody knows what will become of it.
 */
import { EventEmitter, errorMonitor } from "node:events";
import { Socket } from "node:net";
import { types } from "node:util";
import type { Context } from "@opentelemetry/api";
import type { Outcome } from "./outcome.ts";
import { inContext } from "./scope.ts";

/**
 * Tells `outcome` when the value has been read, where it is a generator or a readable stream. The body of a
 * generator runs in `ctx`.
 *
 * @returns whether it is one
 */
export function follow(ctx: Context, outcome: Outcome, value: object): boolean {
  try {
    if (types.isGeneratorObject(value)) followGenerator(ctx, outcome, value as object as Steps);
    else if (isWebStream(value)) followWebStream(outcome, value);
    else if (isNodeStream(value)) followNodeStream(outcome, value);
    else return false;
    return true;
  } catch {
    // Frozen, or a proxy that does not play along: its end can't be known.
    return false;
  }
}

type Step = IteratorResult<unknown> | Promise<IteratorResult<unknown>>;
type Steps = Record<"next" | "return" | "throw", (...args: unknown[]) => Step>;

/** Synchronous or asynchronous, by what its methods return. */
function followGenerator(ctx: Context | undefined, outcome: Outcome, generator: Steps): void {
  const heard = (step: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (step.done === true) outcome.returned();
    return step;
  };
  const failed = (error: unknown): never => {
    outcome.threw(error);
    throw error;
  };
  const methods = ["next", "return", "throw"] as const;
  // All or none: one that is frozen fails here, before anything was changed.
  const own = methods
    .filter((name) => typeof generator[name] === "function")
    .map((name): [string, PropertyDescriptor] => {
      const original = generator[name];
      const value = (...args: unknown[]): Step => {
        let step: Step;
        try {
          step =
            ctx === undefined
              ? Reflect.apply(original, generator, args)
              : inContext(ctx, () => Reflect.apply(original, generator, args));
        } catch (error) {
          return failed(error);
        }
        return types.isPromise(step) ? step.then(heard, failed) : heard(step as IteratorResult<unknown>);
      };
      return [name, { value, configurable: true, writable: true }];
    });
  Object.defineProperties(generator, Object.fromEntries(own));
}

interface NodeStream extends EventEmitter {
  read(): unknown;
  readonly readableEnded?: boolean;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
}

/** A socket is a connection, opened to be kept, and no answer to be read to its end. */
function isNodeStream(value: object): value is NodeStream {
  // First of all: nobody's getters are called just to see what they give.
  if (!(value instanceof EventEmitter) || value instanceof Socket) return false;
  const { pipe, read } = value as { pipe?: unknown; read?: unknown };
  return typeof pipe === "function" && typeof read === "function";
}

function followNodeStream(outcome: Outcome, stream: NodeStream): void {
  if (stream.errored) outcome.threw(stream.errored);
  else if (stream.readableEnded === true || stream.destroyed === true) outcome.returned();
  else {
    const over = (tell: () => void): void => {
      stream.off("end", read).off("close", read).off(errorMonitor, broke);
      tell();
    };
    const read = (): void => over(() => outcome.returned());
    const broke = (error: unknown): void => over(() => outcome.threw(error));
    // Not "error": an error that nobody listens for must stay one.
    stream.on("end", read).on("close", read).on(errorMonitor, broke);
  }
}

function isWebStream(value: object): value is ReadableStream<unknown> {
  return typeof ReadableStream === "function" && value instanceof ReadableStream;
}

function followWebStream(outcome: Outcome, stream: ReadableStream<unknown>): void {
  const { getReader, pipeTo, pipeThrough, tee, cancel, values } = stream;

  function hear<T>(ending: Promise<T>): Promise<T> {
    return ending.then(
      (value) => {
        outcome.returned();
        return value;
      },
      (error: unknown) => {
        outcome.threw(error);
        throw error;
      },
    );
  }

  function readBy(...args: unknown[]): unknown {
    const reader = Reflect.apply(getReader, stream, args) as ReadableStreamDefaultReader;
    const { releaseLock } = reader;
    let released = false;
    // Whoever reads may stop, and another go on.
    define(reader, {
      releaseLock: (): void => {
        released = true;
        Reflect.apply(releaseLock, reader, []);
      },
    });
    reader.closed.then(
      () => outcome.returned(),
      (error: unknown) => {
        if (!released) outcome.threw(error);
      },
    );
    return reader;
  }

  function pipedTo(...args: unknown[]): Promise<void> {
    return hear(Reflect.apply(pipeTo, stream, args) as Promise<void>);
  }

  /** As the standard has it, by `pipeTo`, whose end can be heard. */
  function pipedThrough(...args: Parameters<typeof pipeThrough>): unknown {
    const [pair, options] = args;
    // What can't work throws as it would have.
    if (stream.locked || !(pair?.writable instanceof WritableStream)) {
      return Reflect.apply(pipeThrough, stream, args);
    }
    pipedTo(pair.writable, options).catch(() => {});
    return pair.readable;
  }

  function teed(): unknown {
    const branches = Reflect.apply(tee, stream, []) as ReadableStream[];
    let open = branches.length;
    const both: Outcome = {
      returned() {
        open -= 1;
        if (open === 0) outcome.returned();
      },
      threw: (error) => outcome.threw(error),
    };
    for (const branch of branches) followWebStream(once(both), branch);
    return branches;
  }

  function iterated(...args: unknown[]): unknown {
    const iterator = Reflect.apply(values, stream, args) as object as Steps;
    followGenerator(undefined, outcome, iterator);
    return iterator;
  }

  define(stream, {
    getReader: readBy,
    pipeTo: pipedTo,
    pipeThrough: pipedThrough,
    tee: teed,
    cancel: (reason?: unknown) => hear(Reflect.apply(cancel, stream, [reason]) as Promise<void>),
    values: iterated,
    [Symbol.asyncIterator]: iterated,
  });
}

function once(outcome: Outcome): Outcome {
  let told = false;
  const first = (tell: () => void): void => {
    if (told) return;
    told = true;
    tell();
  };
  return {
    returned: () => first(() => outcome.returned()),
    threw: (error) => first(() => outcome.threw(error)),
  };
}

function define(target: object, methods: Record<string | symbol, unknown>): void {
  const own: PropertyDescriptorMap = {};
  for (const key of Reflect.ownKeys(methods)) {
    own[key] = { value: methods[key], configurable: true, writable: true };
  }
  Object.defineProperties(target, own);
}
