/** The inside of a thread: answers what it is asked, until it is told to close. */
import { parentPort, workerData } from "node:worker_threads";
import { type Answers, type Call, type Calls, type FromThread, type ToThread, toFailure } from "./message.ts";
import { parcel } from "./parcel.ts";

/** What a thread does once it has started. */
export interface Served<C extends Calls<C>> {
  calls: C;
  /** Lets go of what the calls work with; those that were taken have been answered by then. */
  close(): Promise<void>;
}

/**
 * To be called once by the file that a thread runs. An error while starting is told to whoever started it.
 *
 * @param start makes what answers, from the data that the thread was started with.
 */
export function serveCalls<D, C extends Calls<C>>(
  start: (data: D, warn: (line: string) => void) => Served<C>,
): void {
  if (parentPort === null) throw new Error("expected to run in a thread of its own, not in the main one");
  const port = parentPort;
  const post = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

  let served: Served<C>;
  try {
    served = start(workerData as D, (line) => post({ kind: "warning", line }));
  } catch (error) {
    post({ kind: "failed", failure: toFailure(error) });
    port.close();
    return;
  }

  const calls = served.calls as Record<string, AnyCall | undefined>;
  let answers: Answers = { values: [], failures: [] };
  let sending = false;
  port.on("message", (message: ToThread) => {
    if (message === "close") void close();
    else for (const call of message) void run(call);
  });
  post({ kind: "ready" });

  async function run({ id, name, argument, bytes }: Call): Promise<void> {
    try {
      const value = await calls[name]?.(argument as never, bytes ?? NO_BYTES);
      answers.values.push(id, value);
    } catch (error) {
      answers.failures.push(id, toFailure(error));
    }
    // What is answered together, as after a commit, goes with one message.
    if (!sending) queueMicrotask(send);
    sending = true;
  }

  function send(): void {
    const { values, failures } = answers;
    answers = { values: [], failures: [] };
    sending = false;
    const { parts, transfer } = parcel(values.flatMap(bytesIn));
    const handed = values.map((value) => {
      if (value instanceof Uint8Array) return parts.shift();
      return isListOfBytes(value) ? value.map(() => parts.shift()) : value;
    });
    try {
      post({ kind: "answers", values: handed, failures }, transfer);
    } catch (error) {
      const failure = toFailure(error);
      const ids = values.filter((_, at) => at % 2 === 0) as number[];
      post({ kind: "answers", values: [], failures: [...failures, ...ids.flatMap((id) => [id, failure])] });
    }
  }

  async function close(): Promise<void> {
    try {
      await served.close();
      post({ kind: "closed" });
    } catch (error) {
      post({ kind: "failed", failure: toFailure(error) });
    }
    port.close();
  }
}

function bytesIn(value: unknown): Uint8Array[] {
  if (value instanceof Uint8Array) return [value];
  return isListOfBytes(value) ? value : [];
}

function isListOfBytes(value: unknown): value is Uint8Array[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => item instanceof Uint8Array);
}

type AnyCall = (argument: never, bytes: Uint8Array) => Promise<unknown>;

const NO_BYTES = new Uint8Array();
