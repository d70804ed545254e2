/**
 * The environment variables that `setup()` reads itself; an option given to it wins over its variable.
 *
 * A leaf: it imports nothing. The exporter below reads OpenTelemetry's others (`OTEL_EXPORTER_OTLP_HEADERS`,
 * `_TIMEOUT`, `_COMPRESSION`, `_CERTIFICATE` …), each also with `TRACES_` in it.
 */
export const ENV = {
  /** The name of this service on the page. Option: `serviceName`. */
  serviceName: "WEIR_SERVICE_NAME",
  /** The collector: `http://host:4318`, or a whole address with its path. Default: `http://127.0.0.1:4318`. Option: `endpoint`. */
  endpoint: "WEIR_ENDPOINT",
  /** A key of the role `ingest` or `admin`, sent as `Authorization: Bearer …`. Option: `apiKey`. */
  apiKey: "WEIR_API_KEY",
  /** Public hosts that may receive flow identity, separated by commas: `api.mycompany.com,*.mycompany.com`. Option: `propagateTo`. */
  propagateTo: "WEIR_PROPAGATE_TO",
  /** From whom a request may continue a flow: `inside` (default), `anyone`, `nobody`. Option: `acceptFrom`. */
  acceptFrom: "WEIR_ACCEPT_FROM",
  /** More keys whose values are taken out, separated by commas; or `off`. Option: `redact`. */
  redact: "WEIR_REDACT",
  /** Milliseconds between two signs of life of a process with open work. Default: 10000. Option: `heartbeatInterval`. */
  heartbeatInterval: "WEIR_HEARTBEAT_INTERVAL",
  /** Where `WEIR_SERVICE_NAME` is not set. */
  otelServiceName: "OTEL_SERVICE_NAME",
  /** On all spans, such as `deployment.environment.name=production`; its `service.name` counts where no other name is set. */
  otelResource: "OTEL_RESOURCE_ATTRIBUTES",
  /** Where `WEIR_ENDPOINT` is not set: the whole address, as it is. */
  otelTracesEndpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  /** Where neither is set: an address that gets `/v1/traces` after it. */
  otelEndpoint: "OTEL_EXPORTER_OTLP_ENDPOINT",
  /** `true`: Weir does nothing, as OpenTelemetry does not. */
  otelDisabled: "OTEL_SDK_DISABLED",
} as const;
