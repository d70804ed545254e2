// A thread for the tests of threads: answers, fails and dies as it is told.
import { threadId } from "node:worker_threads";
import { WeirError } from "../../src/errors.ts";
import { serveCalls } from "../../src/threads/serve-calls.ts";

export interface EchoData {
  refuseToStart?: boolean;
  refuseToClose?: boolean;
  /** Set: refuses to start when started again. */
  starts?: Int32Array<SharedArrayBuffer>;
  /** While it is 0, who starts waits. */
  gate?: Int32Array<SharedArrayBuffer>;
  /** Milliseconds that it goes on for when it has closed. */
  lingers?: number;
  /** Counts the ends that it came to by itself. */
  ends?: Int32Array<SharedArrayBuffer>;
}

export interface EchoCalls {
  echo(argument: unknown, bytes: Uint8Array): Promise<{ argument: unknown; text: string }>;
  /** That many bytes. */
  give(length: number): Promise<Uint8Array>;
  /** As many as each. */
  giveEach(lengths: number[]): Promise<Uint8Array[]>;
  thread(argument: undefined): Promise<number>;
  /** Answered once `go` was called. */
  wait(argument: undefined): Promise<string>;
  go(argument: undefined): Promise<void>;
  failAsExpected(argument: undefined): Promise<never>;
  failByMistake(argument: undefined): Promise<never>;
  giveWhatCannotCross(argument: undefined): Promise<unknown>;
  throwOutside(argument: undefined): Promise<void>;
  warn(line: string): Promise<void>;
}

serveCalls<EchoData, EchoCalls>(({ refuseToStart, refuseToClose, starts, gate, lingers, ends }, warn) => {
  if (ends !== undefined) process.once("exit", () => Atomics.add(ends, 0, 1));
  const startsBefore = starts === undefined ? 0 : Atomics.add(starts, 0, 1);
  if (gate !== undefined) Atomics.wait(gate, 0, 0);
  if (refuseToStart || startsBefore === 1) throw new WeirError("unavailable", "no room for another thread");
  let waiting: (() => void)[] = [];
  return {
    calls: {
      echo: async (argument, bytes) => ({ argument, text: Buffer.from(bytes).toString() }),
      give: async (length) => new Uint8Array(length).fill(7),
      giveEach: async (lengths) => lengths.map((length) => new Uint8Array(length).fill(7)),
      thread: async () => threadId,
      wait: () => new Promise((resolve) => waiting.push(() => resolve("gone on"))),
      async go() {
        for (const resolve of waiting) resolve();
        waiting = [];
      },
      async failAsExpected() {
        throw new WeirError("not_found", "no such thing", { cause: new Error("the reason") });
      },
      async failByMistake() {
        throw new TypeError("a mistake");
      },
      giveWhatCannotCross: async () => () => {},
      async throwOutside() {
        setImmediate(() => {
          throw new Error("nobody catches this");
        });
        await new Promise(() => {});
      },
      warn: async (line) => warn(line),
    },
    async close() {
      if (lingers !== undefined) setTimeout(() => {}, lingers);
      if (refuseToClose) throw new WeirError("unavailable", "the file is gone");
    },
  };
});
