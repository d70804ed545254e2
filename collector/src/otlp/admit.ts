/** Who may say what: asked of each span by itself, after it is understood and before anything of it is kept. */
import type { FlowKey } from "../flow.ts";
import type { Observation } from "../observation.ts";
import type { Delivery } from "./delivery.ts";
import type { Rejection } from "./rejection.ts";

/**
 * Lets what one span says pass, or says why not; the spans beside it in the request are asked for themselves. The
 * list is reused for the next span: read it, do not keep it.
 */
export type Admit = (observations: readonly Observation[]) => Rejection | undefined;

/** All of them in their order; the first that objects has the word, and those after it are not asked. */
function allOf(...admits: readonly (Admit | undefined)[]): Admit {
  const asked = admits.filter((admit) => admit !== undefined);
  return (observations) => {
    for (const admit of asked) {
      const rejection = admit(observations);
      if (rejection !== undefined) return rejection;
    }
  };
}

/**
 * For a sender who speaks for one tenant. A flow of this tenant may not name one of another as its parent either: it
 * would show up there as a child.
 */
function onlyOf(tenant: string): Admit {
  return (observations) => {
    for (const observation of observations) {
      if (observation.kind === "heartbeat" || observation.kind === "span-linked") continue;
      if (observation.flow.tenant !== tenant) return foreign("weir.tenant", tenant, observation.flow);
      if (observation.kind === "flow-opened" && isForeign(observation.parent, tenant)) {
        return foreign("weir.parent_flow.tenant", tenant, observation.parent);
      }
    }
  };
}

/** What holds for a message: of who sent it, and of anyone. */
export function admitFor({ tenant }: Pick<Delivery, "tenant">, admit?: Admit): Admit | undefined {
  return tenant === null ? admit : allOf(onlyOf(tenant), admit);
}

function isForeign(parent: FlowKey | null, tenant: string): parent is FlowKey {
  return parent !== null && parent.tenant !== tenant;
}

function foreign(attribute: string, tenant: string, got: FlowKey): Rejection {
  const message = `${attribute}: the key is bound to tenant ${JSON.stringify(tenant)}, got ${JSON.stringify(got.tenant)}`;
  return { reason: "foreign-tenant", message };
}
