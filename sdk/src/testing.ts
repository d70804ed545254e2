/**
 * `@weir/sdk/testing`: for tests of code that opens flows. Nothing leaves the process; what happened is asked for in
 * the collector's own shape.
 *
 * @example
 * const weir = await setupForTests();
 * await placeOrder();
 * expect(flowsOf(weir.exporter)).toMatchObject([
 *   { name: "order", tenant: "acme-corp", status: "succeeded", steps: [{ name: "charge", status: "succeeded" }] },
 * ]);
 */
export { TestClock } from "./testing/clock.ts";
export { InMemoryExporter } from "./testing/exporter.ts";
export {
  flowsOf,
  type TestEvent,
  type TestFlow,
  type TestFlowError,
  type TestStep,
} from "./testing/flows.ts";
export { setupForTests, type TestSetup, type TestSetupOptions } from "./testing/setup.ts";
export type { FinishedSpan, SpanSource } from "./testing/spans.ts";
