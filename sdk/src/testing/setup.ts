/** Weir as a test wants it: at work as in a service, and nothing leaves the process. */
import type { Diagnostic } from "../diagnostics.ts";
import type { SetupOptions } from "../options.ts";
import { setupWith, shutdown } from "../setup.ts";
import type { TestClock } from "./clock.ts";
import { InMemoryExporter } from "./exporter.ts";

/** The options of `setup()` that are not about where spans go. */
export interface TestSetupOptions
  extends Omit<SetupOptions, "endpoint" | "apiKey" | "headers" | "tracerProvider"> {
  /** The time of flows, steps and events. Default: the real time. */
  clock?: TestClock | undefined;
}

/** What `setupForTests` has made. Disposing of it, as `await using` does, ends it. */
export interface TestSetup {
  /** What was recorded: ask `flowsOf(exporter)`. */
  exporter: InMemoryExporter;
  /** What Weir had to say, such as a step outside any flow. */
  diagnostics: Diagnostic[];
  /** Ends it; later flows run unseen. */
  shutdown(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Only asked for, never by itself: what a test sees must not depend on how long it took. */
const NEVER_MS = 2 ** 31 - 1;
const ALL = Number.MAX_SAFE_INTEGER;

/**
 * In place of `setup()`, before each test or once for a file. What was set up before is shut down, and a `setup()` in
 * the code under test changes nothing. The environment is not read.
 *
 * @example
 * beforeEach(async () => {
 *   weir = await setupForTests();
 * });
 */
export async function setupForTests(options: TestSetupOptions = {}): Promise<TestSetup> {
  const { clock, onDiagnostic, ...others } = options;
  await shutdown(0);
  const exporter = new InMemoryExporter();
  const diagnostics: Diagnostic[] = [];
  setupWith(
    {
      serviceName: "test",
      heartbeatInterval: NEVER_MS,
      ...others,
      onDiagnostic(diagnostic) {
        diagnostics.push(diagnostic);
        onDiagnostic?.(diagnostic);
      },
    },
    {
      exporter,
      env: {},
      queue: { bound: ALL, batchSize: ALL, lanes: ALL },
      pendingDelayMs: NEVER_MS,
      ...(clock === undefined ? {} : { clock: () => clock.read() }),
    },
  );
  const end = () => shutdown(0);
  return { exporter, diagnostics, shutdown: end, [Symbol.asyncDispose]: end };
}
