/** The gRPC door, for the contract. */
import { deflateSync, gzipSync } from "node:zlib";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-grpc";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { createGrpcDoor } from "../src/otlp/grpc.ts";
import { createApp } from "./created-app.ts";
import type { Door } from "./otlp.contract.ts";
import { PROTOBUF_MESSAGES } from "./otlp-encodings.ts";
import { outcomeOf, PATHS, RawGrpc } from "./raw-grpc.ts";

export const GRPC_DOOR: Door = {
  name: "gRPC",
  ...PROTOBUF_MESSAGES,
  encodings: [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["identity", (body) => body],
  ],
  async open(options, tenant) {
    const app = createApp(options);
    const door = createGrpcDoor(app.intake, { tenantOf: async () => tenant });
    const url = `http://127.0.0.1:${await door.listen("127.0.0.1:0")}`;
    const client = new RawGrpc(url);
    return {
      url,
      send: async (body, { signal = "traces", encoding } = {}) =>
        outcomeOf(await client.call({ path: PATHS[signal], message: body, encoding })),
      async close() {
        await door.close();
        client.close();
        await app.close();
      },
    };
  },
  exporters(url, compression) {
    const options = { url, compression: compression as never };
    return {
      traces: new OTLPTraceExporter(options),
      logs: new OTLPLogExporter(options),
      metrics: new OTLPMetricExporter(options),
    };
  },
};
