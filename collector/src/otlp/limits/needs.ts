/** What one message needs of each tenant's limits: enough to say that it is within them, without its spans. */
import { type FlowObservation, flowNameOf, type Observation } from "../../observation.ts";

/** Of one tenant. */
export interface Need {
  tenant: string;
  spans: number;
  flowNames: string[];
  labelKeys: string[];
  /** Ids of flows that a span opens without ending them. */
  opens: string[];
}

interface Counted {
  spans: number;
  flowNames: Set<string>;
  labelKeys: Set<string>;
  opens: Set<string>;
}

/** Lets every span pass, and notes what it needs. */
export class Needs {
  readonly #tenants = new Map<string, Counted>();
  #last: { tenant: string; counted: Counted } | undefined;

  admit(observations: readonly Observation[]): undefined {
    const [first] = observations;
    if (first === undefined || first.kind === "heartbeat" || first.kind === "span-linked") return;
    const { tenant, id } = first.flow;
    const counted = this.#of(tenant);
    counted.spans += 1;
    counted.flowNames.add(flowNameOf(first));
    // All that one span says is about one flow.
    if (opensFlow(observations as readonly FlowObservation[], counted.labelKeys)) counted.opens.add(id);
  }

  all(): Need[] {
    return [...this.#tenants].map(([tenant, { spans, flowNames, labelKeys, opens }]) => ({
      tenant,
      spans,
      flowNames: [...flowNames],
      labelKeys: [...labelKeys],
      opens: [...opens],
    }));
  }

  #of(tenant: string): Counted {
    if (this.#last?.tenant === tenant) return this.#last.counted;
    let counted = this.#tenants.get(tenant);
    if (counted === undefined) {
      counted = { spans: 0, flowNames: new Set(), labelKeys: new Set(), opens: new Set() };
      this.#tenants.set(tenant, counted);
    }
    this.#last = { tenant, counted };
    return counted;
  }
}

/** Notes the label keys on the way. */
function opensFlow(observations: readonly FlowObservation[], labelKeys: Set<string>): boolean {
  let opens = false;
  let ends = false;
  for (const observation of observations) {
    if (observation.kind === "flow-opened") opens = true;
    else if (observation.kind === "flow-ended") ends = true;
    if (observation.kind !== "flow-opened" && observation.kind !== "labels-set") continue;
    for (const key in observation.labels) labelKeys.add(key);
  }
  return opens && !ends;
}
