/**
 * OTLP over gRPC: the Export methods of traces, logs and metrics. Methods are registered with their bytes as they
 * are, so that messages are read by the same reader as over HTTP, and no proto file is needed to run.
 */
import {
  logVerbosity,
  type Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type StatusObject,
  type sendUnaryData,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { toWeirError } from "../errors.ts";
import { PROTOBUF_CODEC } from "./codec.ts";
import { countAnswers } from "./grpc-count.ts";
import { guardReads } from "./grpc-guard.ts";
import { statusOf } from "./grpc-status.ts";
import { type Intake, notKept, type Unkept } from "./intake.ts";
import type { PartialSuccess } from "./receipt.ts";

export interface GrpcDoor {
  /**
   * Takes calls from now on.
   *
   * @param address such as `127.0.0.1:4317`; port 0 picks a free one.
   * @returns the port
   * @throws {Error} of the system, in its words (`EADDRINUSE`), when the address can't be had
   */
  listen(address: string): Promise<number>;
  /** Takes no more calls; resolves when those under way have been answered. */
  close(): Promise<void>;
  /** Cuts off what is still under way. */
  abort(): void;
}

export interface GrpcOptions {
  /**
   * Who calls, by the call's metadata (`authorization`), asked before its message is read: the one tenant that this
   * sender speaks for, or `null` for any. Default: any.
   *
   * @throws {WeirError} for one who may not send at all
   */
  tenantOf?: ((metadata: Metadata) => Promise<string | null>) | undefined;
}

const MINUTE = 60_000;

/** @example await createGrpcDoor(app.intake).listen("127.0.0.1:4317"); */
export function createGrpcDoor(intake: Intake, { tenantOf }: GrpcOptions = {}): GrpcDoor {
  const tenants = new WeakMap<Metadata, string>();
  const refusalOf = (thrown: unknown) => refusal(thrown, intake);
  // What it would print is either told by `listen`, or the sender's affair.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    // One limit for both, a message as it comes and inflated: this library has no other.
    "grpc.max_receive_message_length": intake.bodyLimit,
    "grpc.max_concurrent_streams": 100,
    // Connections whose other end is gone, or has nothing to say.
    "grpc.keepalive_time_ms": MINUTE,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.max_connection_idle_ms": 10 * MINUTE,
    // Megabytes of a connection's headers and frames that wait.
    "grpc-node.max_session_memory": 16,
    "grpc.enable_channelz": 0,
    interceptors: [
      countAnswers(intake.traffic.grpcAnswers),
      guardReads(refusalOf, async (metadata) => {
        try {
          const tenant = await tenantOf?.(metadata);
          if (typeof tenant === "string") tenants.set(metadata, tenant);
        } catch (thrown) {
          return refusalOf(thrown);
        }
      }),
    ],
  });
  addExport(server, "trace", "TraceService", intake, (message, metadata) =>
    intake.take({
      door: "grpc",
      codec: PROTOBUF_CODEC,
      body: message,
      tenant: tenants.get(metadata) ?? null,
    }),
  );
  for (const [signal, service] of NOT_KEPT) {
    addExport(server, signal, service, intake, async () => notKept(signal));
  }
  return {
    listen: (address) =>
      new Promise((resolve, reject) => {
        server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
          if (error === null) resolve(port);
          else reject(error);
        });
      }),
    close: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    abort: () => server.forceShutdown(),
  };
}

const NOT_KEPT: [Unkept, string][] = [
  ["logs", "LogsService"],
  ["metrics", "MetricsService"],
];

type Take = (message: Buffer, metadata: Metadata) => Promise<PartialSuccess>;

function addExport(server: Server, signal: string, service: string, intake: Intake, take: Take): void {
  const definition: ServiceDefinition = {
    export: exportOf(`/opentelemetry.proto.collector.${signal}.v1.${service}/Export`),
  };
  const implementation: UntypedServiceImplementation = {
    export: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      void answer(call, done);
    },
  };
  server.addService(definition, implementation);

  async function answer(
    { request: message, metadata }: ServerUnaryCall<Buffer, Buffer>,
    done: sendUnaryData<Buffer>,
  ): Promise<void> {
    try {
      const partial = await intake.budget.hold((claim) => {
        claim.add(message.length);
        return take(message, metadata);
      });
      done(null, PROTOBUF_CODEC.answer(partial));
    } catch (thrown) {
      done(refusal(thrown, intake));
    }
  }
}

function refusal(thrown: unknown, intake: Intake): StatusObject {
  const error = toWeirError(thrown);
  intake.failed("grpc", error);
  return statusOf(error);
}

function exportOf(path: string): MethodDefinition<Buffer, Buffer> {
  const asItIs = (bytes: Buffer) => bytes;
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
}
