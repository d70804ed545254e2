/** Is there a collector, and does it take our key? */
import type { CollectorClient } from "./collector.ts";
import { type Finding, failed, ok } from "./report.ts";

export async function checkEndpoint(collector: CollectorClient): Promise<Finding> {
  const { base } = collector;
  let answer: Awaited<ReturnType<CollectorClient["get"]>>;
  try {
    answer = await collector.get("/healthz");
  } catch (error) {
    return unreachable(base, error);
  }
  if (answer.status === 200 && (answer.body as { status?: unknown } | null)?.status === "ok") {
    return ok(`a collector answers at ${base}`);
  }
  const got = `${answer.status} ${answer.contentType}`.trimEnd();
  return failed(
    `a server answers at ${base}, but it is no Weir collector: /healthz gave ${got}`,
    "give the address of Weir itself: weir doctor http://HOST:4318. Where spans go through an OpenTelemetry Collector, ask behind it",
  );
}

function unreachable(base: string, error: unknown): Finding {
  const code = codeOf(error);
  const { hostname } = new URL(base);
  switch (code) {
    case "ECONNREFUSED":
      return failed(
        `nothing listens at ${base}`,
        "start a collector there (weir serve), or say where it is: WEIR_ENDPOINT=http://HOST:4318",
      );
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return failed(
        `the name ${hostname} is not known here`,
        "check WEIR_ENDPOINT for a slip of the pen, and that this machine is in the collector's network",
      );
    case "TimeoutError":
    case "UND_ERR_CONNECT_TIMEOUT":
      return failed(
        `${base} does not answer`,
        "check that no firewall lies between, and that the port is the collector's",
      );
    default:
      return failed(
        `${base} can't be asked: ${code}`,
        base.startsWith("https:")
          ? "check that the server speaks https there, and that its certificate is trusted (NODE_EXTRA_CA_CERTS)"
          : "check that the server speaks http there: not https, and not gRPC, which is at 4317 where OTLP over HTTP is at 4318",
      );
  }
}

/** The most telling part of what `fetch` throws: a code where there is one. */
export function codeOf(error: unknown): string {
  const { name, message, cause, code } = (error ?? {}) as {
    name?: string;
    message?: string;
    cause?: unknown;
    code?: unknown;
  };
  if (typeof code === "string") return code;
  if (cause !== undefined && cause !== null) return codeOf(cause);
  return name === "TimeoutError" ? name : (message ?? String(error));
}

export async function checkKey(collector: CollectorClient): Promise<Finding> {
  const { hasKey, tracesUrl } = collector;
  const { status, contentType } = await collector.sendNothing();
  switch (status) {
    case 200:
      return ok(hasKey ? "accepted, and may send" : "none needed: the collector is open to this machine");
    case 401:
      return hasKey
        ? failed(
            "the key is not accepted (401): mistyped, revoked or expired",
            "make a new one (weir keys create --role ingest) and set it as WEIR_API_KEY",
          )
        : failed(
            "the collector wants a key (401), and none is set",
            "make one (weir keys create --role ingest) and set it as WEIR_API_KEY",
          );
    case 403:
      return failed(
        "the key is known, but may not send (403)",
        "use one of the role ingest: weir keys create --role ingest",
      );
    default:
      return failed(
        `${tracesUrl} gave ${status} ${contentType}`.trimEnd(),
        "expected 200 for an empty OTLP export: check the path of the endpoint, and any proxy in between",
      );
  }
}
