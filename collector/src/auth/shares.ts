/** Links that show one flow, or one tenant's flows of one name, to whoever has them. */
import type { AccessStore, ShareRecord } from "../access.ts";
import type { Act } from "../audit.ts";
import { withoutDetails } from "../definition.ts";
import type { FlowDetail, FlowSummary, Micros, Step } from "../flow.ts";
import type { FlowPage, PageQuery, Questions } from "../store.ts";
import { idIn, isSecret, mint } from "./secret.ts";

const PREFIX = "share";

/** What a link is to show. */
export interface ShareWish {
  tenant: string;
  /** One of the two is not `null`. */
  flowId: string | null;
  name: string | null;
  expiresIn: Micros;
  redact: boolean;
}

/** Makes a link; its token is shown once and kept nowhere. */
export async function makeShare(
  access: AccessStore,
  { expiresIn, ...shown }: ShareWish,
  { by, at }: Act,
): Promise<{ share: ShareRecord; token: string }> {
  const { id, text, hash } = mint(PREFIX);
  const share = {
    id,
    hash,
    ...shown,
    createdAt: at,
    createdBy: by,
    expiresAt: at + expiresIn,
    revokedAt: null,
  };
  await access.addShare(share);
  return { share, token: text.slice(PREFIX.length + 1) };
}

/** @returns `undefined` for a token that no longer works, or never did. */
export async function shareOf(
  access: AccessStore,
  token: string,
  now: Micros,
): Promise<ShareRecord | undefined> {
  const text = `${PREFIX}_${token}`;
  const id = idIn(text);
  const share = id === undefined ? undefined : await access.share(id);
  if (!isSecret(text, share?.hash) || share === undefined) return undefined;
  return share.revokedAt === null && share.expiresAt > now ? share : undefined;
}

/** What a link shows, and nothing else. */
export interface SharedView {
  flows(page: PageQuery): Promise<FlowPage>;
  flow(id: string): Promise<FlowDetail | undefined>;
}

export function sharedView(store: Questions, { tenant, flowId, name, redact }: ShareRecord): SharedView {
  const isShown = (flow: FlowSummary) => (flowId === null ? flow.name === name : flow.id === flowId);
  const summary = <F extends FlowSummary>(flow: F): F => {
    const alone = { ...flow, parent: null };
    return redact ? redactSummary(alone) : alone;
  };
  async function detail(id: string): Promise<FlowDetail | undefined> {
    const flow = await store.flow({ tenant, id });
    if (flow === undefined || !isShown(flow)) return undefined;
    // Nothing of other flows, nor of the processes that run them.
    const beside = { traceId: null, children: [], usual: { flow: null, steps: [] }, runner: null };
    const alone = { ...summary(flow), ...beside };
    return redact ? redactDetail(alone) : alone;
  }
  return {
    flow: detail,
    async flows(page) {
      if (name !== null) {
        const shown = await store.flows({ ...page, tenant: [tenant], name: [name], order: "newest" });
        return { ...shown, items: shown.items.map(summary) };
      }
      const flow = flowId === null ? undefined : await detail(flowId);
      return {
        items: flow === undefined ? [] : [flow],
        nextCursor: null,
        prevCursor: null,
        partial: false,
      };
    },
  };
}

/**
 * Stays: names of flows, steps and events, ids, times, statuses, the type of an error, the shape of the workflow. Goes:
 * what the service wrote in its own words (labels, attributes, messages, stacks, details), and what it is made of
 * (services).
 */
function redactSummary<F extends FlowSummary>(flow: F): F {
  return {
    ...flow,
    labels: {},
    services: [],
    error: redactError(flow.error),
    pause: redactPause(flow.pause),
  };
}

function redactPause(pause: FlowSummary["pause"]): FlowSummary["pause"] {
  return pause && { at: pause.at, reason: null };
}

function redactDetail(flow: FlowDetail): FlowDetail {
  return {
    ...flow,
    steps: flow.steps.map((step) => ({
      ...step,
      attributes: {},
      service: null,
      error: redactError(step.error),
    })),
    events: flow.events.map((event) => ({ ...event, attributes: {} })),
    definition: flow.definition && withoutDetails(flow.definition),
  };
}

function redactError(error: Step["error"]): Step["error"] {
  return error === null ? null : { type: error.type, message: "", stack: null };
}
