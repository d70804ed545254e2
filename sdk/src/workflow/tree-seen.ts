/** How a run of a tree is seen: a flow, its units of work steps in it. Nothing without `setup()`. */
import {
  childPath,
  openRunFlow,
  openUnitStep,
  pauseRunFlow,
  type Resumed,
  ROOT,
  type UnitSeen,
} from "../run/index.ts";
import { runtime } from "../runtime.ts";
import type { FlowHandle, LabelValue, StepHandle } from "../types.ts";
import type { Ending } from "./host.ts";
import type { Node } from "./part.ts";
import type { Program } from "./program.ts";
import type { Unit } from "./seen.ts";

export interface Shown {
  readonly id: string;
  readonly tenant: string;
  readonly labels: Record<string, LabelValue> | undefined;
  readonly program: Program;
}

export class TreeSeen {
  readonly #runId: string;
  readonly #flow: FlowHandle;

  private constructor(runId: string, flow: FlowHandle) {
    this.#runId = runId;
    this.#flow = flow;
  }

  /** @returns `undefined` where nobody looks */
  static open(
    { id: runId, tenant, labels, program }: Shown,
    resumed: Resumed | undefined,
  ): TreeSeen | undefined {
    if (runtime() === undefined) return undefined;
    const { name, definition } = program;
    return new TreeSeen(runId, openRunFlow({ runId, tenant, name, labels, definition, resumed }));
  }

  run<T>(fn: () => T): T {
    return this.#flow.run(fn);
  }

  event(name: string): void {
    this.#flow.event(name);
  }

  open(
    { id: node }: Node,
    { number, ...unit }: Unit,
  ): { readonly unit: UnitSeen; readonly step: StepHandle } {
    const seen = { ...unit, runId: this.#runId, path: childPath(ROOT, node, number), node };
    return { unit: seen, step: openUnitStep(seen) };
  }

  paused(reason: string | undefined): void {
    pauseRunFlow(this.#flow, reason);
    this.leave();
  }

  ended({ status, error, reason }: Ending): void {
    if (status === "succeeded") this.#flow.end();
    else if (status === "failed") this.#flow.fail(error);
    else this.#flow.cancel(reason);
  }

  /** It goes on elsewhere, or later. */
  leave(): void {
    this.#flow[Symbol.dispose]();
  }
}
