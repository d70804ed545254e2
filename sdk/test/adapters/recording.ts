/** For a file of tests: the SDK set up against a receiver, what it complained of, and what is to be closed. */
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type SetupOptions, setup, shutdown } from "../../src/index.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

export interface Recording {
  readonly receiver: Receiver;
  readonly diagnostics: string[];
  /** Called after the test, the last one first. */
  readonly closing: (() => unknown)[];
  /** Sets the SDK up anew, with more options. */
  setUp(options: SetupOptions): Promise<void>;
}

export function useRecording(): Recording {
  let receiver: Receiver;
  let diagnostics: string[] = [];
  const closing: (() => unknown)[] = [];

  function setUp(options: SetupOptions): void {
    setup({
      serviceName: "test",
      endpoint: receiver.endpoint,
      onDiagnostic: ({ message }) => void diagnostics.push(message),
      ...options,
    });
  }

  beforeAll(async () => {
    receiver = await startReceiver();
  });
  beforeEach(() => {
    receiver.forget();
    diagnostics = [];
    // Each test anew, as what was said once is not said again.
    setUp({});
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await shutdown();
  });
  afterAll(() => receiver.close());

  return {
    get receiver() {
      return receiver;
    },
    get diagnostics() {
      return diagnostics;
    },
    closing,
    async setUp(options) {
      await shutdown();
      setUp(options);
    },
  };
}

export const ended = (flow: { status: string }) => flow.status !== "running";
