/** A collector as the doctor sees it: from outside, over HTTP, with the key that the service would use. */

/** The longest that any one answer is waited for. */
const ANSWER_MS = 5000;

export interface Answer {
  status: number;
  contentType: string;
  /** `undefined` where the body is no JSON. */
  body: unknown;
}

export class CollectorClient {
  /** Where spans are sent. */
  readonly tracesUrl: string;
  /** Where the collector's own routes begin. */
  readonly base: string;
  readonly #headers: Record<string, string>;

  constructor(tracesUrl: string, headers: Record<string, string>) {
    this.tracesUrl = tracesUrl;
    this.base = tracesUrl.replace(/\/v1\/traces\/?$/, "").replace(/\/$/, "");
    this.#headers = headers;
  }

  get hasKey(): boolean {
    return this.#headers["authorization"] !== undefined;
  }

  /** @throws what `fetch` throws where nobody answers. */
  get(path: string): Promise<Answer> {
    return this.#ask(this.base + path, {});
  }

  /** An export of nothing: shows whether the key may send. */
  sendNothing(): Promise<Answer> {
    return this.#ask(this.tracesUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"resourceSpans":[]}',
    });
  }

  /** A flow of a tenant, for whoever may read. */
  flow(tenant: string, id: string): Promise<Answer> {
    return this.get(`/api/v1/tenants/${encodeURIComponent(tenant)}/flows/${encodeURIComponent(id)}`);
  }

  async #ask(url: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(url, {
      ...init,
      headers: { ...init.headers, ...this.#headers },
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: "manual",
    });
    const contentType = response.headers.get("content-type") ?? "";
    return { status: response.status, contentType, body: await bodyOf(response, contentType) };
  }
}

/** A stranger's server may send without end, but not for longer than the answer is waited for. */
async function bodyOf(response: Response, contentType: string): Promise<unknown> {
  if (!contentType.includes("json")) {
    await response.body?.cancel();
    return undefined;
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The headers of the SDK's requests that open a door: its key, else what OpenTelemetry's variables say.
 *
 * @example authorization({ WEIR_API_KEY: "weir_…" }) // { authorization: "Bearer weir_…" }
 */
export function keyHeaders(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const variable of ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"]) {
    for (const pair of (env[variable] ?? "").split(",")) {
      const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/s.exec(pair) ?? [];
      if (key !== undefined && value !== undefined) headers[key.toLowerCase()] = decoded(value);
    }
  }
  const apiKey = env["WEIR_API_KEY"]?.trim();
  if (apiKey) headers["authorization"] = `Bearer ${apiKey}`;
  return headers;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
