/**
 * `@weir/sdk`: flows and steps, as OpenTelemetry spans.
 *
 * @example
 * setup({ serviceName: "import-api" });
 * await flow.start({ name: "data_import", tenant: "acme-corp" }, async () => {
 *   await step.start("validate", () => validateData());
 * });
 */
export { identity } from "./carrier.ts";
export type { DiagnosticCode } from "./diagnostic-codes.ts";
export type { Diagnostic, DiagnosticHandler } from "./diagnostics.ts";
export { flow } from "./flow.ts";
export type { SetupOptions } from "./options.ts";
export type { RedactOptions } from "./redact.ts";
export { flush, type Health, health, setup, shutdown } from "./setup.ts";
export { step } from "./step.ts";
export type { AcceptFrom, Peer } from "./trust.ts";
export type {
  Arrival,
  FlowApi,
  FlowHandle,
  FlowOptions,
  IdentityApi,
  LabelValue,
  StepApi,
  StepHandle,
  StepOptions,
  UserAttributes,
} from "./types.ts";
