import type { GivenFor } from "../http/params.ts";
import type {
  auditQuery,
  errorsQuery,
  filterQuery,
  flowExportQuery,
  flowQuery,
  histogramQuery,
  pageQuery,
  statsQuery,
  streamQuery,
  stuckExportQuery,
  stuckQuery,
  tenantExportQuery,
  tenantQuery,
} from "../http/query.ts";
import type {
  AuditEntry,
  AuditPage,
  ErrorStats,
  FlowCount,
  FlowDetail,
  FlowHistogram,
  FlowPage,
  FlowSummary,
  Key,
  Labels,
  LimitReached,
  LimitsReached,
  MadeKey,
  MadeShare,
  Me,
  Names,
  Server,
  Settings,
  Share,
  Shared,
  Stats,
  StuckFlow,
  StuckPage,
  TenantPage,
  TenantSummary,
} from "../http/schemas.ts";
import { Pages } from "./pages.ts";
import { type Asked, answer, ask, type Connection, queryOf } from "./request.ts";
import { type StreamChange, type StreamOptions, stream } from "./stream.ts";

/** Options of `new WeirClient`. */
export interface WeirClientOptions {
  /** Where the collector is. Default: where the page came from, in a browser. */
  url?: string;
  /** A key of the collector's, where it asks for one. */
  apiKey?: string | undefined;
  /** How often a question is asked again that may go well later. Default 2. */
  retries?: number;
  /** Default: the global one. */
  fetch?: typeof fetch;
}

/** What a key is to be. */
export interface KeyWish {
  role: Key["role"];
  /** The only tenant that it may send and read. Default: all. */
  tenant?: string;
  name?: string;
  /** Such as `90d`. Default: never. */
  expiresIn?: string;
}

/** What is to be set; `null` takes away. */
export interface SettingsWish {
  /** An http or https URL with `{traceId}` in it. */
  traceLink?: string | null;
  /** Milliseconds after which an open flow of a name is stalled. */
  stalledAfter?: readonly { name: string; limitMs: number | null }[];
}

/** What a link is to show: one flow, or all flows of one name. */
export type ShareWish = { tenant: string; expiresIn: string; redact?: boolean } & (
  | { flowId: string; name?: never }
  | { name: string; flowId?: never }
);

/** Lists that can be had whole, and what each takes. */
export interface Exports {
  flows: GivenFor<typeof flowExportQuery>;
  tenants: GivenFor<typeof tenantExportQuery>;
  stuck: GivenFor<typeof stuckExportQuery>;
  stats: GivenFor<typeof statsQuery>;
  "stats/errors": GivenFor<typeof errorsQuery>;
}

interface Options {
  signal?: AbortSignal;
}

/**
 * Each question is a method; what each takes and gives stands at `/docs` of a collector.
 *
 * @example const { total } = await weir.count({ tenant: "acme-corp", health: "stalled" });
 */
export class WeirClient {
  readonly #connection: Connection;

  constructor({ url = "", apiKey, retries = 2, fetch: given = fetch }: WeirClientOptions = {}) {
    const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    // A browser's `fetch` must not be called as a method of something else.
    this.#connection = { url: url.replace(/\/+$/, ""), headers, retries, fetch: (...args) => given(...args) };
  }

  /** Customers. */
  tenants(query: GivenFor<typeof tenantQuery> = {}, options?: Options): Pages<TenantSummary, TenantPage> {
    return this.#pages("/tenants", query, ({ tenants }) => tenants, options);
  }

  /** @example for await (const flow of weir.flows({ labels: { env: "production" }, from: new Date("2026-11-01") })) console.log(flow.id); */
  flows(query: GivenFor<typeof flowQuery> = {}, options?: Options): Pages<FlowSummary, FlowPage> {
    return this.#pages("/flows", query, ({ flows }) => flows, options);
  }

  /** How many flows match, by status and health; `complete: false` where they were too many to be counted in time. */
  count(query: GivenFor<typeof filterQuery> = {}, options?: Options): Promise<FlowCount> {
    return this.#get("/flows/count", query, options);
  }

  /** One flow with its steps, events and children. */
  flow(tenant: string, id: string, options?: Options): Promise<FlowDetail> {
    return this.#get(`/tenants/${segment(tenant)}/flows/${segment(id)}`, {}, options);
  }

  /** The same as lines of JSON, as they come: of very many steps the first (`FlowOutline`), and then all (`FlowDetail`). */
  stages(tenant: string, id: string, options?: Options): Promise<ReadableStream<Uint8Array>> {
    return this.#body(`/tenants/${segment(tenant)}/flows/${segment(id)}/stages`, {}, options);
  }

  /** Runs, failures and durations in milliseconds, by groups: `{ groupBy: "day" }`. */
  stats(query: GivenFor<typeof statsQuery> = {}, options?: Options): Promise<Stats> {
    return this.#get("/stats", query, options);
  }

  /** What flows failed with. */
  errors(query: GivenFor<typeof errorsQuery> = {}, options?: Options): Promise<ErrorStats> {
    return this.#get("/stats/errors", query, options);
  }

  /** How many flows began when, by status. */
  histogram(query: GivenFor<typeof histogramQuery> = {}, options?: Options): Promise<FlowHistogram> {
    return this.#get("/flows/histogram", query, options);
  }

  /** Flows that are lost or stalled, the worst first. */
  stuck(query: GivenFor<typeof stuckQuery> = {}, options?: Options): Pages<StuckFlow, StuckPage> {
    return this.#pages("/stuck", query, ({ flows }) => flows, options);
  }

  /**
   * A whole list as a file, as it is written.
   *
   * @example await pipeline(await weir.export("flows", "csv", { tenant: "acme-corp" }), createWriteStream("flows.csv"));
   */
  export<L extends keyof Exports>(
    list: L,
    form: "csv" | "ndjson",
    query: Exports[L] = {},
    options?: Options,
  ): Promise<ReadableStream<Uint8Array>> {
    return this.#body(`/${list}.${form}`, query, options);
  }

  /** Names that flows have, of one tenant or of all. */
  async names(query: { tenant?: string } = {}, options?: Options): Promise<string[]> {
    return (await this.#get<Names>("/names", query, options)).names;
  }

  /** Labels that flows have, of one tenant or of all. */
  async labels(query: { tenant?: string } = {}, options?: Options): Promise<Labels["labels"]> {
    return (await this.#get<Labels>("/labels", query, options)).labels;
  }

  /** Limits that tenants came to. */
  async limits(query: { tenant?: string } = {}, options?: Options): Promise<LimitReached[]> {
    return (await this.#get<LimitsReached>("/limits", query, options)).limits;
  }

  /** Who asks. */
  me(options?: Options): Promise<Me> {
    return this.#get("/me", {}, options);
  }

  /** How the collector itself is. */
  server(options?: Options): Promise<Server> {
    return this.#get("/server", {}, options);
  }

  /** What is set, and what of it a flag has fixed. */
  settings(options?: Options): Promise<Settings> {
    return this.#get("/settings", {}, options);
  }

  /** What is not named stays as it is. */
  changeSettings(change: SettingsWish): Promise<Settings> {
    return this.#ask({ method: "PATCH", path: "/settings", body: change });
  }

  /**
   * Changes as they happen. Where the connection breaks it is made again, and goes on after the last change; what could
   * not be had again is told by a `resync`.
   *
   * `flow` beside one `tenant`: of that flow alone, and then what is noted in it and the flows that it opens too.
   *
   * @example for await (const change of weir.stream({ tenant: "acme-corp" }, { signal })) if (change.type === "flow") console.log(change.flow.status);
   */
  stream(
    filter: GivenFor<typeof streamQuery> = {},
    options: StreamOptions = {},
  ): AsyncGenerator<StreamChange, void, undefined> {
    return stream(this.#connection, filter, options);
  }

  /** Keys, without what opens doors. */
  async keys(options?: Options): Promise<Key[]> {
    return (await this.#get<{ keys: Key[] }>("/keys", {}, options)).keys;
  }

  /** The key itself is in this answer and never again. */
  makeKey(wish: KeyWish): Promise<MadeKey> {
    return this.#ask({ method: "POST", path: "/keys", body: wish });
  }

  /** From its next request on the key is refused. */
  revokeKey(id: string): Promise<void> {
    return this.#ask({ method: "DELETE", path: `/keys/${segment(id)}` });
  }

  /** Who made and revoked what, newest first. */
  audit(query: GivenFor<typeof auditQuery> = {}, options?: Options): Pages<AuditEntry, AuditPage> {
    return this.#pages("/audit", query, ({ entries }) => entries, options);
  }

  /** Links that work; of one tenant, where it is named. */
  async shares(query: { tenant?: string } = {}, options?: Options): Promise<Share[]> {
    return (await this.#get<{ shares: Share[] }>("/shares", query, options)).shares;
  }

  /** A link for those who have no key: its path is in this answer and never again. */
  makeShare(wish: ShareWish): Promise<MadeShare> {
    return this.#ask({ method: "POST", path: "/shares", body: wish });
  }

  /** From the next request on the link shows nothing. */
  revokeShare(id: string): Promise<void> {
    return this.#ask({ method: "DELETE", path: `/shares/${segment(id)}` });
  }

  /** What a link shows; its token is what its path ends with. No key is needed. */
  shared(token: string, options?: Options): Promise<Shared> {
    return this.#get(`/shared/${segment(token)}`, {}, options);
  }

  /** The flows that a link shows, newest first. */
  sharedFlows(
    token: string,
    query: GivenFor<typeof pageQuery> = {},
    options?: Options,
  ): Pages<FlowSummary, FlowPage> {
    return this.#pages(`/shared/${segment(token)}/flows`, query, ({ flows }) => flows, options);
  }

  /** One flow that a link shows, with its steps, events and children. */
  sharedFlow(token: string, id: string, options?: Options): Promise<FlowDetail> {
    return this.#get(`/shared/${segment(token)}/flows/${segment(id)}`, {}, options);
  }

  #pages<Item, P extends { nextCursor: string | null }>(
    path: string,
    query: object,
    itemsIn: (page: P) => readonly Item[],
    options?: Options,
  ): Pages<Item, P> {
    const page = (cursor: string | undefined) =>
      this.#get<P>(path, cursor === undefined ? query : { ...query, cursor }, options);
    return new Pages(page, itemsIn);
  }

  #get<T>(path: string, query: object, options: Options = {}): Promise<T> {
    return this.#ask({ path, query: queryOf(query), ...options });
  }

  async #body(path: string, query: object, { signal }: Options = {}): Promise<ReadableStream<Uint8Array>> {
    const asked = { path, query: queryOf(query), headers: { accept: "*/*" }, signal };
    return (await answer(this.#connection, asked)).body as ReadableStream<Uint8Array>;
  }

  #ask<T>(asked: Asked): Promise<T> {
    return ask(this.#connection, asked);
  }
}

/** A value as one segment of a path. */
function segment(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}
