/** What the API's description says in words: of the whole, and of parameters, which mean the same on every route. */

export const WORDS = {
  summary: "Where every customer's workflow stands",
  description: `Questions to a Weir collector: its customers, their flows, the steps in them, and figures over them.

Times are RFC 3339 in UTC with milliseconds, durations are milliseconds. A list comes in pages: \`nextCursor\` is given
as \`cursor\` for the next one, and is null on the last. Filters that repeat mean "or"; different filters mean "and". A
parameter that no one reads is an error that names it.

Errors are \`{ "error": { "code", "message" } }\`; the message says what was expected.

Flows come in over OTLP, at \`POST /v1/traces\` and over gRPC, which OpenTelemetry's own specification describes.`,
  license: { name: "MIT", identifier: "MIT" },
  key: "A key, as `weir keys create` shows it once. While a collector is open nobody is asked for one.",
  session: "The cookie of a browser that logged in.",
  done: "What was asked for",
  labels: { "label.env": ["production"] },

  /** First word of a path → the heading that it stands under. */
  tags: {
    tenants: "customers",
    flows: "flows",
    stuck: "flows",
    stats: "statistics",
    names: "for pickers",
    labels: "for pickers",
    stream: "stream",
    keys: "keys and links",
    shares: "keys and links",
    shared: "what a link shows",
    audit: "keys and links",
    me: "operation",
    limits: "operation",
    settings: "operation",
    server: "operation",
    openapi: "operation",
  } as Record<string, string>,

  parameters: {
    tenant: "Of this customer",
    id: "Its id",
    token: "What a link ends with",
    name: "Flows of this name",
    status: "Where it stands",
    health:
      "Of flows that have not ended: `stalled` is open far longer than usual, `lost` is work whose process is gone",
    flow: "Of this flow alone, and of that `event` and `child` too; beside one `tenant`",
    step: "Flows that stand at this step, or failed at it",
    service: "Flows in which this service took part",
    q: "What to look for: in flows by the beginnings of words, in customers within their name",
    from: "Started at or after this time: RFC 3339, or milliseconds since 1970",
    to: "Started before this time: RFC 3339, or milliseconds since 1970",
    cursor: "`nextCursor` or `prevCursor` of another page, with the same parameters",
    limit: "How many at most",
    order: "What comes first",
    groupBy: "What a group has in common",
    history: "So many days of history, today included",
    buckets: "At most so many buckets",
    "label.<key>": "Flows with this label, such as `label.env=production`",
    "last-event-id": "The id of the last event that was seen: what came since follows, or `resync`",
  } as Record<string, string>,
};
