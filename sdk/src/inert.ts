/**
 * Handles for where there is no flow to act on: before `setup()`, without a tenant, outside a flow. The user's code
 * meets the same methods, and they do nothing.
 */
import type { FlowHandle, StepHandle } from "./types.ts";

function nothing(): void {}

const ends = {
  end: nothing,
  fail: nothing,
  cancel: nothing,
  [Symbol.dispose]: nothing,
  async [Symbol.asyncDispose](): Promise<void> {},
};

export const INERT_FLOW: FlowHandle = Object.freeze({
  ...ends,
  id: "",
  name: "",
  tenant: "",
  labels: Object.freeze({}),
  run: <T>(fn: (flow: FlowHandle) => T): T => fn(INERT_FLOW),
  event: nothing,
  setLabel: nothing,
});

export const INERT_STEP: StepHandle = Object.freeze({
  ...ends,
  id: "",
  name: "",
  run: <T>(fn: (step: StepHandle) => T): T => fn(INERT_STEP),
});
