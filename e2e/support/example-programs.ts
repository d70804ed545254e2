/**
 * Makes a program of an example in a doc comment: it imports what the example names, and declares what its reader would have.
 *
 * A name that stands in none of the tables stays unknown to the compiler, which says so: a name of ours that is wrong, or gone,
 * is none of the reader's.
 */
import type { Example, Examples } from "../../scripts/docs/examples.ts";

/** What examples import from others. */
const OTHERS: Record<string, string> = {
  Agent: "undici",
  beforeEach: "vitest",
  createWriteStream: "node:fs",
  expect: "vitest",
  interceptors: "undici",
  pipeline: "node:stream/promises",
  Queue: "bullmq",
  Readable: "node:stream",
  request: "undici",
  setGlobalDispatcher: "undici",
  Worker: "bullmq",
  z: "zod",
};
const OTHERS_DEFAULTS = ["axios", "express"];

/** What their readers have: the type of a value, or a whole declaration. */
const READERS: Record<string, string> = {
  api: "any",
  bank: "any",
  body: "object",
  Card: "type Card = { number: string }",
  CardDeclined: "class CardDeclined extends Error {}",
  charge: "() => Promise<void>",
  client: "any",
  connect: "(url: string | undefined) => { end(): Promise<void> }",
  connection: "{ host: string; port: number }",
  consumer: "{ run(options: { eachMessage(arrived: { message: any }): Promise<unknown> }): Promise<void> }",
  durations: "any",
  id: "string",
  importAll: "() => Promise<void>",
  load: "(tenant: string) => Promise<void>",
  logger: "any",
  placeOrder: "() => Promise<void>",
  producer: "any",
  remind: "(row: any) => Promise<void>",
  row: "any",
  rowsOf: "(path: string, signal: AbortSignal) => AsyncIterable<string>",
  server: 'import("node:http").Server',
  Service: "class Service { constructor(...parts: unknown[]) {} }",
  signal: "AbortSignal",
  socket: 'import("node:net").Socket',
  span: 'import("@opentelemetry/api").Span',
  stock: "any",
  store: "(data: unknown) => Promise<void>",
  transform: "<T>(data: T) => T",
  url: "URL",
  validate: "(body: unknown) => Promise<void>",
  validateData: "() => Promise<void>",
  value: "string",
  worker: 'import("bullmq").Worker',
};

/** What the readers of one entry have. */
const READERS_OF: Record<string, Record<string, string>> = {
  "@weir/sdk": {
    app: 'import("express").Express',
    readRows: "(file: string) => Promise<string[]>",
  },
  "@weir/sdk/express": { app: 'import("express").Express' },
  "@weir/sdk/fastify": { app: 'import("fastify").FastifyInstance' },
  "@weir/sdk/durable": {
    bank: "Executor<any>",
    config: "Executor<{ multiplier: number }>",
    count: "Executor<number>",
    counter: "Executor<number>",
    ctx: "FlowContext",
    database: "Executor<{ query(sql: string): unknown }>",
    fakeDatabase: "{ query(sql: string): unknown }",
    fetchData: "Flow<string, string>",
    log: "Executor<any>",
    logger: "Executor<any>",
    payments: "any",
    order: "Flow<{ id: string }, string>",
    price: "Executor<number>",
    readRows: "Flow<string, string[]>",
    requestId: "Accessor<string, string>",
    scope: "Scope",
    stock: "any",
  },
  "@weir/sdk/graph": {
    cleaning: "Graph",
    ctx: "DeliveryContext",
    graph: "Graph",
    job: "Job",
    journal: "Journal",
    outer: "Graph",
    reader: "{ output: Event<{ row: string }> }",
    Reader:
      'class Reader extends Routine { output = this.defineEvent<{ row: string }>("output"); input = this.defineSlot<{ path: string }>("input", () => {}); }',
    saved: "string",
    writer: "{ input: Slot<{ line: string }> }",
    Writer: 'class Writer extends Routine { input = this.defineSlot<{ line: string }>("input", () => {}); }',
  },
  "@weir/sdk/workflow": {
    app: 'import("express").Express',
    Book: `type Book = {
  id: string; title: string; dirty: boolean | "processing"; paid: boolean; approved: boolean; shown: boolean; charge: string;
  pushed: number; page: number; urls: string[]; fetched: Book[]; added: Book[];
}`,
    charge: "(book: Book) => Promise<RunOutcome<Book>>",
    fetchBook: "(url: string, signal: AbortSignal) => Promise<Book>",
    mirrorA: "{ read(signal: AbortSignal): Promise<number> }",
    mirrorB: "{ read(signal: AbortSignal): Promise<number> }",
    // The one that takes a callback.
    pipeline: 'typeof import("node:stream").pipeline',
    push: "<S>(state: S) => Promise<RunOutcome<S>>",
    readPage: "(book: Book) => Promise<RunOutcome<Book>>",
    remind: "Step<Book>",
    ship: "Step<Book>",
    initialState: "Book",
    library: "any",
    shop: "{ push(book: unknown, options?: object): Promise<void> }",
    sync: "WorkflowRun<Book>",
    syncBook: "Workflow<Book>",
  },
  "@weir/sdk/react": { Book: 'type Book = { dirty: boolean | "processing" }' },
  "@weir/sdk/testing": { ORDER: "{ name: string; tenant: string }", weir: "TestSetup" },
  "@weir/collector/client": { weir: "WeirClient" },
  "@weir/collector/words": { flow: "Parameters<ReturnType<typeof searcher>>[0]" },
};

/** Not what comes after a dot, but what is spread. */
const NAMES = /(?<![\w$])(?<!(?<!\.\.)\.)[A-Za-z_$][\w$]*/g;
const IMPORTS = /^import .*\n/gm;

/** A program for the compiler, in TSX. */
export function programOf({ specifier, text }: Example, names: Examples["names"]): string {
  const readers = new Map(Object.entries({ ...READERS, ...READERS_OF[specifier] }));
  const imports = (text.match(IMPORTS) ?? []).join("");
  const body = framed(specifier, text.replace(IMPORTS, ""));
  const head: string[] = [imports];
  const known = new Set(imports.match(NAMES));
  const declare = (code: string) => {
    for (const name of code.match(NAMES) ?? []) {
      if (known.has(name)) continue;
      known.add(name);
      const theirs = readers.get(name);
      const entry = [specifier, "@weir/sdk"].find((each) => names.get(each)?.includes(name));
      if (theirs !== undefined) {
        head.push(/^(type|class) /.test(theirs) ? theirs : `declare let ${name}: ${theirs};`);
        declare(theirs);
      } else if (entry !== undefined) head.push(`import { ${name} } from "${entry}";`);
      else if (Object.hasOwn(OTHERS, name)) head.push(`import { ${name} } from "${OTHERS[name]}";`);
      else if (OTHERS_DEFAULTS.includes(name)) head.push(`import ${name} from "${name}";`);
    }
  };
  declare(body);
  return [...head, body].join("\n");
}

/** Where an example would stand. */
function framed(specifier: string, text: string): string {
  if (/^export /m.test(text)) return text;
  const code = specifier === "@weir/sdk/workflow" ? inWorkflow(text) : text;
  return `export async function example(this: any) {\n${code}\n}`;
}

function inWorkflow(text: string): string {
  const returned = /^return /.test(text);
  if (!returned && !/^(?!workflow)\w+\(.*\);?$/s.test(text)) return text;
  const inStep = text.startsWith("return skip") ? 'each("fetched", ' : 'run("example", ';
  const step = returned ? `${inStep}async (state) => {\n${text}\n})` : text.replace(/;$/, "");
  return `workflow("example", { initialState }, ${step});`;
}
