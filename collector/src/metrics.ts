/**
 * What `/metrics` says, from figures that the parts keep anyway: nothing is counted twice, and a scrape scans nothing.
 * No tenant is a label: their number has no bound. Which tenant is over a limit is asked at `/api/v1/limits`.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { RequestCount } from "./http/requests.ts";
import type { LimitFigures } from "./limits.ts";
import type { OtlpCounters } from "./otlp/counters.ts";
import type { Ingest } from "./otlp/ingest.ts";
import type { Intake } from "./otlp/intake.ts";
import type { HistogramFigures, Store, StoreFigures } from "./store.ts";
import { version } from "./version.ts";

export interface MetricSources {
  store: Pick<Store, "figures">;
  ingest: Pick<Ingest, "limits">;
  intake: Pick<Intake, "traffic" | "budget" | "waitMs">;
  requests: () => RequestCount[];
  openStreams: () => number;
}

/** @returns what renders a scrape. The process's own figures are measured from the first scrape on. */
export function createMetrics(sources: MetricSources): () => Promise<{ type: string; text: string }> {
  let registry: Registry | undefined;
  let figures: Figures;
  return async () => {
    // Each metric asks when it is collected; what may be on another thread is asked once.
    const [store, limits] = await Promise.all([sources.store.figures(), sources.ingest.limits()]);
    figures = { ...store, limits };
    registry ??= createRegistry(sources, () => figures);
    const text = await registry.metrics();
    return { type: registry.contentType, text: text + commitHistogram(figures.commitSeconds) };
  };
}

/** What was asked for a scrape. */
interface Figures extends StoreFigures {
  limits: LimitFigures;
}

type Samples = Iterable<[labels: Record<string, string | number>, value: number]>;

function createRegistry(sources: MetricSources, figures: () => Figures): Registry {
  const registry = new Registry();
  const registers = [registry];
  const { intake, requests, openStreams } = sources;
  const { traffic, budget } = intake;
  collectDefaultMetrics({ register: registry });
  // Not a number while there is nothing to take the mean of, and then written as no parser but Go's would read it.
  for (const name of ["mean", "stddev"]) registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);

  /** What only goes up, since the process started. */
  function counter(name: string, help: string, labelNames: string[], read: () => Samples): void {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  }

  function gauge(name: string, help: string, labelNames: string[], read: () => Samples): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  const perDoor = (read: (counters: OtlpCounters) => number): Samples =>
    [...traffic.each()].map(({ door, encoding, counters }) => [{ door, encoding }, read(counters)]);
  const byLabel = (label: string, values: Record<string, number>): Samples =>
    Object.entries(values).map(([name, value]) => [{ [label]: name }, value]);
  const alone = (value: number): Samples => [[{}, value]];

  const door = ["door", "encoding"];
  gauge("weir_build_info", "Always 1.", ["version", "node"], () => [
    [{ version: version(), node: process.versions.node }, 1],
  ]);
  counter("weir_spans_accepted_total", "Spans taken and durable.", door, () =>
    perDoor(({ accepted }) => accepted),
  );
  counter("weir_spans_ignored_total", "Spans without weir attributes.", door, () =>
    perDoor(({ ignored }) => ignored),
  );
  counter("weir_spans_rejected_total", "Spans not taken; the sender was told why.", [...door, "reason"], () =>
    [...traffic.each()].flatMap(({ door, encoding, counters }) =>
      [...counters.rejected].map(([reason, n]): [Record<string, string>, number] => [
        { door, encoding, reason },
        n,
      ]),
    ),
  );
  counter("weir_limited_total", "Spans, or labels, left out for a limit of their tenant.", ["limit"], () =>
    [...figures().limits.counts].map(([limit, n]) => [{ limit }, n]),
  );
  counter("weir_requests_refused_total", "Requests sent back to be sent again.", ["door", "code"], () =>
    [...traffic.refused()].map(({ door, code, count }) => [{ door, code }, count]),
  );
  counter("weir_http_requests_total", "Requests answered over HTTP.", ["method", "route", "code"], () =>
    requests().map(({ count, ...labels }) => [labels, count]),
  );
  counter("weir_grpc_requests_total", "Calls of Export answered over gRPC.", ["code"], () =>
    [...traffic.grpcAnswers].map(([code, n]) => [{ code }, n]),
  );
  gauge("weir_queue_requests", "Requests with spans in hand.", [], () => alone(budget.claims));
  gauge("weir_queue_bytes", "Bytes of the requests in hand.", [], () => alone(budget.held));
  gauge("weir_queue_wait_seconds", "How long the oldest of them has waited for the store.", [], () =>
    alone(intake.waitMs / 1000),
  );
  gauge("weir_open_streams", "Readers of the live stream.", [], () => alone(openStreams()));
  gauge("weir_flows", "Flows kept.", ["status"], () => byLabel("status", figures().flows));
  gauge("weir_open_flows", "Flows that have not ended, as last looked at.", ["health"], () =>
    byLabel("health", figures().health),
  );
  gauge("weir_store_size_bytes", "What the store takes up on the disk.", ["part"], () =>
    byLabel("part", figures().sizeBytes),
  );
  counter("weir_store_failed_commits_total", "Commits of which nothing was kept.", [], () =>
    alone(figures().failedCommits),
  );
  counter("weir_store_observations_total", "Observations committed.", [], () =>
    alone(figures().observations),
  );
  return registry;
}

const COMMITS = "weir_store_commit_seconds";

/** By hand: the library's histogram takes single values, and these have been counted where they happened. */
function commitHistogram({ bounds, counts, sum }: HistogramFigures): string {
  let total = 0;
  const buckets = counts.map((count, at) => {
    total += count;
    return `${COMMITS}_bucket{le="${bounds[at] ?? "+Inf"}"} ${total}`;
  });
  return [
    `# HELP ${COMMITS} How long commits took.`,
    `# TYPE ${COMMITS} histogram`,
    ...buckets,
    `${COMMITS}_sum ${sum}`,
    `${COMMITS}_count ${total}`,
    "",
  ].join("\n");
}
