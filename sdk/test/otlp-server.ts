/** A collector in a few lines: takes OTLP/JSON over real HTTP, and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Received {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
}

export interface OtlpServer {
  url: string;
  port: number;
  /** Spans of the requests that were answered with 200. */
  spans: Received[];
  requests: { path: string; headers: IncomingHttpHeaders; spans: number }[];
  close(): Promise<void>;
}

type Answer = (response: ServerResponse, request: number) => void;

const OK: Answer = (response) => {
  response.setHeader("content-type", "application/json").end('{"partialSuccess":{}}');
};

/** `port` 0 picks a free one. */
export async function otlpServer(answer: Answer = OK, port = 0): Promise<OtlpServer> {
  const spans: Received[] = [];
  const requests: OtlpServer["requests"] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const received = decode(body);
      requests.push({ path: request.url ?? "", headers: request.headers, spans: received.length });
      answer(response, requests.length);
      if (response.statusCode === 200) spans.push(...received);
    });
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    spans,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

interface Body {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { spans: (Omit<Received, "attributes" | "resource"> & { attributes: KeyValue[] })[] }[];
  }[];
}

function decode(body: string): Received[] {
  return (JSON.parse(body) as Body).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        ...span,
        attributes: plain(span.attributes),
        resource: plain(resource.attributes),
      })),
    ),
  );
}

function plain(attributes: KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
