/** Errors as gRPC statuses. */
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { RETRY_AFTER_SECONDS, RPC_CODE, shallRetry, type WeirError } from "../errors.ts";
import { rpcStatus } from "./codec.ts";

/** With `RetryInfo` where the sender shall try again: without it senders take RESOURCE_EXHAUSTED as final. */
export function statusOf(error: WeirError): StatusObject {
  const metadata = new Metadata();
  if (shallRetry(error)) metadata.set("grpc-status-details-bin", rpcStatus(error, RETRY_AFTER_SECONDS));
  return { code: RPC_CODE[error.code], details: error.message, metadata };
}
