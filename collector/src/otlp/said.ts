/** The `weir.*` attributes of a span, found in one pass. */
import { ATTR, PREFIX } from "@weir/sdk/attributes";
import type { AttributeValue } from "../flow.ts";
import type { RawSpan } from "./raw-span.ts";

/** What a span's own `weir.*` attributes say. */
export interface Said {
  /** Whether it has any, known or not. */
  any: boolean;
  kind: AttributeValue | undefined;
  flowId: AttributeValue | undefined;
  flowName: AttributeValue | undefined;
  tenant: AttributeValue | undefined;
  stepId: AttributeValue | undefined;
  stepParentId: AttributeValue | undefined;
  stepKind: AttributeValue | undefined;
  attempt: AttributeValue | undefined;
  attemptOf: AttributeValue | undefined;
  optional: boolean;
  pending: boolean;
  open: boolean;
  status: AttributeValue | undefined;
  reason: AttributeValue | undefined;
  parentFlowId: AttributeValue | undefined;
  parentFlowTenant: AttributeValue | undefined;
  interval: AttributeValue | undefined;
  definition: AttributeValue | undefined;
  stepNode: AttributeValue | undefined;
  stepEdge: AttributeValue | undefined;
}

export function readSaid({ keys, values }: RawSpan): Said {
  const said: Said = {
    any: false,
    kind: undefined,
    flowId: undefined,
    flowName: undefined,
    tenant: undefined,
    stepId: undefined,
    stepParentId: undefined,
    stepKind: undefined,
    attempt: undefined,
    attemptOf: undefined,
    optional: false,
    pending: false,
    open: false,
    status: undefined,
    reason: undefined,
    parentFlowId: undefined,
    parentFlowTenant: undefined,
    interval: undefined,
    definition: undefined,
    stepNode: undefined,
    stepEdge: undefined,
  };
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (!key.startsWith(PREFIX)) continue;
    said.any = true;
    const value = values[i] as AttributeValue;
    switch (key) {
      case ATTR.kind:
        said.kind = value;
        break;
      case ATTR.flowId:
        said.flowId = value;
        break;
      case ATTR.flowName:
        said.flowName = value;
        break;
      case ATTR.tenant:
        said.tenant = value;
        break;
      case ATTR.stepId:
        said.stepId = value;
        break;
      case ATTR.stepParentId:
        said.stepParentId = value;
        break;
      case ATTR.stepKind:
        said.stepKind = value;
        break;
      case ATTR.stepAttempt:
        said.attempt = value;
        break;
      case ATTR.stepAttemptOf:
        said.attemptOf = value;
        break;
      case ATTR.stepOptional:
        said.optional = isTrue(value);
        break;
      case ATTR.pending:
        said.pending = isTrue(value);
        break;
      case ATTR.open:
        said.open = isTrue(value);
        break;
      case ATTR.status:
        said.status = value;
        break;
      case ATTR.reason:
        said.reason = value;
        break;
      case ATTR.parentFlowId:
        said.parentFlowId = value;
        break;
      case ATTR.parentFlowTenant:
        said.parentFlowTenant = value;
        break;
      case ATTR.heartbeatInterval:
        said.interval = value;
        break;
      case ATTR.definition:
        said.definition = value;
        break;
      case ATTR.stepNode:
        said.stepNode = value;
        break;
      case ATTR.stepEdge:
        said.stepEdge = value;
        break;
    }
  }
  return said;
}

function isTrue(value: AttributeValue): boolean {
  return value === true || value === "true";
}
