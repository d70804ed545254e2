/** A collector for tests: takes OTLP/JSON over HTTP and tells which flows it was told of. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { flush } from "../../src/index.ts";

export interface SeenStep {
  id: string;
  name: string;
  kind: string;
  parentId: string | undefined;
  attempt: number;
  optional: boolean;
  /** `running` until its end was seen. */
  status: string;
  error: string | undefined;
  startedAt: number;
  endedAt: number | undefined;
}

export interface SeenFlow {
  id: string;
  name: string;
  tenant: string;
  labels: Record<string, unknown>;
  status: string;
  error: string | undefined;
  parentFlowId: string | undefined;
  steps: SeenStep[];
}

export interface Receiver {
  endpoint: string;
  /** All flows told so far, the earliest first. */
  flows(): Promise<SeenFlow[]>;
  /** Waits for a flow that fits, for at most five seconds. */
  flowThat(fits: (flow: SeenFlow) => boolean): Promise<SeenFlow>;
  /** How many spans came that are no flow's. */
  strangers(): number;
  /** All that was told so far, as text. */
  wire(): string;
  forget(): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  let spans: Span[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as OtlpRequest;
    spans.push(
      ...body.resourceSpans.flatMap((part) => part.scopeSpans.flatMap((scope) => scope.spans.map(toSpan))),
    );
    response.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  async function flows(): Promise<SeenFlow[]> {
    await flush();
    return toFlows(spans);
  }

  return {
    endpoint: `http://127.0.0.1:${port}`,
    flows,
    async flowThat(fits) {
      for (let tries = 0; ; tries++) {
        const seen = await flows();
        const found = seen.find(fits);
        if (found !== undefined) return found;
        if (tries === 100) throw new Error(`no flow fits; seen: ${JSON.stringify(seen, null, 2)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    strangers: () => spans.filter((span) => span.attributes["weir.kind"] === undefined).length,
    wire: () => JSON.stringify(spans),
    forget() {
      spans = [];
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A flow's steps as lines, indented as they nest, in the order of their start. */
export function outline(flow: SeenFlow): string[] {
  const below = (parentId: string | undefined, indent: string): string[] =>
    flow.steps
      .filter(
        (step) =>
          (flow.steps.some(({ id }) => id === step.parentId) ? step.parentId : undefined) === parentId,
      )
      .flatMap((step) => [indent + shown(step), ...below(step.id, `${indent}  `)]);
  return below(undefined, "");
}

function shown({ name, kind, attempt, status }: SeenStep): string {
  const notes = [
    kind === "queue" && "queue",
    attempt > 1 && `attempt ${attempt}`,
    status !== "succeeded" && status,
  ];
  const said = notes.filter((note) => note !== false);
  return said.length === 0 ? name : `${name} (${said.join(", ")})`;
}

interface OtlpRequest {
  resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[];
}

interface OtlpSpan {
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  events?: { attributes: OtlpSpan["attributes"] }[];
}

interface Span {
  name: string;
  start: number;
  end: number;
  attributes: Record<string, unknown>;
  error: string | undefined;
}

function toSpan(span: OtlpSpan): Span {
  const error = span.events?.map((event) => values(event.attributes)["exception.message"])[0];
  return {
    name: span.name,
    start: Number(BigInt(span.startTimeUnixNano) / 1000n) / 1000,
    end: Number(BigInt(span.endTimeUnixNano) / 1000n) / 1000,
    attributes: values(span.attributes),
    error: error as string | undefined,
  };
}

function values(attributes: OtlpSpan["attributes"]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

function toFlows(spans: Span[]): SeenFlow[] {
  const flows = new Map<string, SeenFlow>();
  for (const { name, start, end, attributes, error } of [...spans].sort((a, b) => a.start - b.start)) {
    const text = (key: string) => attributes[`weir.${key}`] as string | undefined;
    const id = text("flow.id");
    if (id === undefined) continue;
    const key = `${text("tenant")} ${id}`;
    const flow = flows.get(key) ?? emptyFlow(id, attributes);
    flows.set(key, flow);
    const open = attributes["weir.pending"] === true || attributes["weir.open"] === true;
    const status = open ? undefined : (text("status") ?? "succeeded");

    const stepId = text("step.id");
    if (stepId !== undefined) {
      const step = flow.steps.find((known) => known.id === stepId) ?? emptyStep(stepId, start);
      if (!flow.steps.includes(step)) flow.steps.push(step);
      if (text("kind") === "step") {
        step.name = name;
        step.startedAt = Math.min(step.startedAt, start);
        step.kind = text("step.kind") ?? "step";
        step.parentId = text("step.parent_id");
        step.optional = attributes["weir.step.optional"] === true;
        step.attempt = Number(attributes["weir.step.attempt"] ?? 1);
      }
      if (status !== undefined && (step.endedAt === undefined || end < step.endedAt)) {
        Object.assign(step, { status, error, endedAt: end });
      }
    } else if (text("kind") === "flow" || text("kind") === "end") {
      if (text("kind") === "flow") {
        const labels = Object.entries(attributes).filter(([label]) => label.startsWith("weir.label."));
        flow.labels = Object.fromEntries(
          labels.map(([label, value]) => [label.slice("weir.label.".length), value]),
        );
        flow.parentFlowId = text("parent_flow.id");
      }
      if (status !== undefined && flow.status === "running") Object.assign(flow, { status, error });
    }
  }
  for (const flow of flows.values()) flow.steps.sort((a, b) => a.startedAt - b.startedAt);
  return [...flows.values()];
}

function emptyFlow(id: string, attributes: Record<string, unknown>): SeenFlow {
  return {
    id,
    name: String(attributes["weir.flow.name"]),
    tenant: String(attributes["weir.tenant"]),
    labels: {},
    status: "running",
    error: undefined,
    parentFlowId: undefined,
    steps: [],
  };
}

function emptyStep(id: string, startedAt: number): SeenStep {
  return {
    id,
    name: "(unknown)",
    kind: "step",
    parentId: undefined,
    attempt: 1,
    optional: false,
    status: "running",
    error: undefined,
    startedAt,
    endedAt: undefined,
  };
}
