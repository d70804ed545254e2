/**
 * Whole lists to keep: each of them as CSV and as lines of JSON, under the path of the list with an ending. A link is
 * enough to get one, and its answer can be described, as with `Accept` neither would be.
 *
 * An export asks the store page by page, as others do who ask meanwhile, and no sooner than its reader has taken what
 * went before: memory is one page. It ends where the reader goes away, or his key, and where he takes nothing for long.
 */
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { TSchema } from "typebox";
import { seenBy } from "../auth/confined.ts";
import type { Gate } from "../auth/gate.ts";
import { WeirError } from "../errors.ts";
import type { Page, Questions, TenantPage } from "../store.ts";
import { csvOf } from "./csv.ts";
import type { Query } from "./params.ts";
import { presentErrors, presentFlow, presentStats, presentStuckFlow, presentTenant } from "./present.ts";
import { errorsQuery, flowExportQuery, statsQuery, stuckExportQuery, tenantExportQuery } from "./query.ts";
import * as schemas from "./schemas.ts";

/** At a time, of all readers: each asks the store without a pause. */
const MOST_AT_ONCE = 8;
/**
 * A reader who takes nothing for so many milliseconds, at most twice as many, gives up his place. No sooner, as the kernel
 * holds up to 4 MiB for him and asks for more when a third of that is gone: who takes 12 KB a second seems to rest till then.
 */
const STALLED_MS = 120_000;

export interface ExportOptions {
  /** Default: two minutes. */
  stalledMs?: number;
}

interface List<Q> {
  path: string;
  what: string;
  query: Query<Q>;
  /** What a row is. */
  row: TSchema;
  rows(store: Questions, query: Q): AsyncIterable<object[]>;
}

const LISTS = [
  list({
    path: "/flows",
    what: "flows",
    query: flowExportQuery,
    row: schemas.FlowSummary,
    rows: (store, query) => pages((cursor) => store.flows({ ...query, cursor }), presentFlow),
  }),
  list({
    path: "/tenants",
    what: "customers",
    query: tenantExportQuery,
    row: schemas.TenantSummary,
    rows: (store, query) =>
      pages(async (cursor) => whole(await store.tenants({ ...query, cursor })), presentTenant),
  }),
  list({
    path: "/stuck",
    what: "flows that are lost or stalled",
    query: stuckExportQuery,
    row: schemas.StuckFlow,
    rows: (store, query) => pages((cursor) => store.stuck({ ...query, cursor }), presentStuckFlow),
  }),
  list({
    path: "/stats",
    what: "runs, failures and durations",
    query: statsQuery,
    row: schemas.StatsGroup,
    async *rows(store, query) {
      yield presentStats(await store.stats(query)).groups;
    },
  }),
  list({
    path: "/stats/errors",
    what: "errors that flows failed with",
    query: errorsQuery,
    row: schemas.ErrorStats.properties.errors.items,
    async *rows(store, query) {
      yield presentErrors(await store.errors(query)).errors;
    },
  }),
];

interface Form {
  type: string;
  header: string;
  line(row: object): string;
}

/** A stack fills a screen of a spreadsheet. */
const NO_COLUMNS = ["error.stack", "earlierError.stack"];

const FORMS: Record<string, { type: string; of: (row: TSchema) => Omit<Form, "type"> }> = {
  csv: { type: "text/csv", of: (row) => csvOf(row, NO_COLUMNS) },
  ndjson: {
    type: "application/x-ndjson",
    of: () => ({ header: "", line: (row) => `${JSON.stringify(row)}\n` }),
  },
};

export function addExports(
  app: FastifyInstance,
  store: Questions,
  gate: Gate,
  { stalledMs = STALLED_MS }: ExportOptions = {},
): void {
  let open = 0;
  for (const each of LISTS) for (const ending of Object.keys(FORMS)) add(each, ending);

  function add({ path, what, query: asks, row, rows }: (typeof LISTS)[number], ending: string): void {
    const { type, of } = FORMS[ending] as (typeof FORMS)[string];
    const form = { type, ...of(row) };
    const schema = {
      summary: `All ${what}, as ${ending === "csv" ? "CSV" : "lines of JSON"}`,
      querystring: asks.schema,
      response: {
        200: { description: "A file, as it is written", content: { [type]: { schema: { type: "string" } } } },
      },
    };
    const headers = {
      "content-type": `${type}; charset=utf-8`,
      "content-disposition": `attachment; filename="weir${path.replaceAll("/", "-")}.${ending}"`,
      "cache-control": "no-store",
    };
    app.get(`/api/v1${path}.${ending}`, { config: { access: "read" }, schema }, async (request, reply) => {
      const { caller } = request;
      const asked = asks.read(request.query);
      if (request.method === "HEAD") return reply.headers(headers).send();
      if (open >= MOST_AT_ONCE) {
        throw new WeirError("overloaded", `expected at most ${MOST_AT_ONCE} exports at a time`);
      }
      const seen = seenBy(store, caller.tenant);
      const isStillIn = () => gate.isStillIn(caller);
      open += 1;
      try {
        const file = await begun(written(form, rows(seen, asked), isStillIn));
        file.once("close", () => {
          open -= 1;
        });
        breakOffWhereStalled(reply, stalledMs);
        return reply.headers(headers).send(file);
      } catch (error) {
        open -= 1;
        throw error;
      }
    });
  }
}

/** His connection alone would keep a place for as long as it lives, which is for ever where the other side still answers. */
function breakOffWhereStalled({ raw, log }: FastifyReply, stalledMs: number): void {
  raw.setTimeout(stalledMs, () => {
    // Else it is the reader who waits, for the store.
    if (!raw.writableNeedDrain) return;
    log.info("an export was broken off: its reader took nothing for minutes");
    raw.destroy();
  });
}

/** With its first piece there already: what goes wrong before it can still be answered as an error. */
async function begun(pieces: AsyncGenerator<string>): Promise<Readable> {
  const first = await pieces.next();
  async function* all() {
    if (first.done === true) return;
    yield first.value;
    yield* pieces;
  }
  return Readable.from(all(), { objectMode: false });
}

async function* written(
  { header, line }: Form,
  rows: AsyncIterable<object[]>,
  isStillIn: () => Promise<boolean>,
): AsyncGenerator<string> {
  let before = header;
  for await (const page of rows) {
    // Half a file that breaks off is seen to be one; a whole one that is not would not be.
    if (!(await isStillIn())) throw new WeirError("unauthenticated", "the key was revoked meanwhile");
    const piece = before + page.map(line).join("");
    before = "";
    if (piece !== "") yield piece;
  }
}

async function* pages<T>(
  ask: (cursor: string | undefined) => Promise<Page<T>>,
  present: (item: T) => object,
): AsyncGenerator<object[]> {
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await ask(cursor);
    yield items.map(present);
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/** A file has no place to say that customers are missing in it. */
function whole(page: TenantPage): TenantPage {
  if (page.complete) return page;
  const expected = "order: expected name, got an order that so many customers can't be put in in time";
  throw new WeirError("invalid_argument", `${expected}; or ask for fewer with q`);
}

/** Its query is known to itself alone; whoever goes through all lists hands it on as it was read. */
function list<Q>(each: List<Q>): List<unknown> {
  return { ...each, rows: (store, query) => each.rows(store, query as Q) };
}
