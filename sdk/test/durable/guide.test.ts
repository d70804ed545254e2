/** Every snippet of docs/guides/durable-flows.md stands in here, line by line, and runs. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  bullmqDispatch,
  createCodec,
  createScope,
  flow,
  InputMismatch,
  memoryJournal,
  preset,
  provide,
  redisJournal,
  sqliteJournal,
} from "@weir/sdk/durable";
import { flowsOf, setupForTests, TestClock } from "@weir/sdk/testing";
import { Queue, Worker } from "bullmq";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { startRedis } from "../../../e2e/support/processes.ts";
import { linesOf, runInOwnFolder, snippetsIn } from "../guide.ts";

const GUIDE = new URL("../../../docs/guides/durable-flows.md", import.meta.url);

interface Order {
  cents: number;
}

runInOwnFolder();

test("every snippet of the guide is in this file", () => {
  const here = linesOf(readFileSync(fileURLToPath(import.meta.url), "utf8"));
  const snippets = snippetsIn(GUIDE);
  expect(snippets.length).toBeGreaterThan(10);
  for (const snippet of snippets) expect(here, snippet).toContain(linesOf(snippet));
});

test("a flow, and how it is executed", async () => {
  const api = { fetch: vi.fn(async (url: string) => [url, "b"]) };
  const validate = vi
    .fn((rows: string[]) => rows.length)
    .mockImplementationOnce(() => {
      throw new Error("row 7");
    });
  const database = { store: vi.fn(async (contacts: number) => ({ contacts })) };

  const importFile = flow({ name: "import_file" }, async (ctx, url: string) => {
    const rows = await ctx.run("fetch", () => api.fetch(url));
    const contacts = await ctx.run("validate", () => validate(rows));
    return ctx.run("store", () => database.store(contacts));
  });

  await using scope = createScope({ journal: sqliteJournal("./journal.db") });
  const stored = await scope.exec(importFile, "contacts.csv", {
    id: "import-42",
    tenant: "acme-corp",
    retry: { maxAttempts: 3 },
  });

  expect(stored).toEqual({ contacts: 2 });
  expect(api.fetch).toHaveBeenCalledTimes(1);
  expect(validate).toHaveBeenCalledTimes(2);
});

test("a key for the other side, and steps in a loop", async () => {
  const bank = {
    charge: async (order: Order, options: { idempotencyKey: string }) => ({ order, ...options }),
  };
  const api = { page: async (page: number) => (page < 3 ? [`row ${page}`] : []) };
  const charge = flow({ name: "charge" }, async (ctx, order: Order) => {
    return await ctx.run("charge", () => bank.charge(order, { idempotencyKey: `${ctx.runId}/charge` }));
  });
  const readAll = flow({ name: "read_all" }, async (ctx) => {
    const rows: string[] = [];
    for (let page = 1; ; page++) {
      const more = await ctx.run(`page ${page}`, () => api.page(page));
      if (more.length === 0) return rows;
      rows.push(...more);
    }
  });
  await using scope = createScope();
  expect(await scope.exec(charge, { cents: 1 }, { id: "order-7" })).toEqual({
    order: { cents: 1 },
    idempotencyKey: "order-7/charge",
  });
  expect(await scope.exec(readAll)).toEqual(["row 1", "row 2"]);
});

test("what is not the same each time is taken in steps", async () => {
  const order = flow({ name: "order" }, async (ctx) => {
    const number = await ctx.run("number", () => crypto.randomUUID());
    const placedAt = await ctx.run("placed at", () => new Date());
    return { number, placedAt };
  });
  await using scope = createScope();
  expect((await scope.exec(order)).placedAt).toBeInstanceOf(Date);
});

test("retries and timeouts", async () => {
  class CardDeclined extends Error {}
  const bank = { charge: vi.fn().mockRejectedValueOnce(new Error("busy")).mockResolvedValue("paid") };
  const once = flow({ name: "charge" }, async (ctx, order: string) => {
    await ctx.run(
      "charge",
      {
        timeout: 5_000,
        retry: {
          maxAttempts: 4,
          baseDelay: 200,
          jitter: 0.5,
          retryIf: (error) => !(error instanceof CardDeclined),
        },
      },
      ({ signal, attempt }) => bank.charge(order, { signal, attempt }),
    );
  });
  await using scope = createScope();
  await scope.exec(once, "order-7");
  expect(bank.charge.mock.calls.map(([, { attempt }]) => attempt)).toEqual([1, 2]);
  void bank.charge.mockRejectedValueOnce(new CardDeclined("no"));
  await expect(scope.exec(once, "order-8")).rejects.toThrow("no");
});

test("sub-flows and parallel work", async () => {
  const count = async (file: string) => file.length;
  const readFile = flow({ name: "read_file" }, (ctx, file: string) => ctx.run("count", () => count(file)));

  const readFolder = flow({ name: "read_folder" }, async (ctx, files: string[]) => {
    const { results } = await ctx.parallel(
      files.map((file) => () => ctx.exec(file, readFile, file)),
      { concurrency: 4 },
    );
    return results;
  });
  await using scope = createScope();
  expect(await scope.exec(readFolder, ["a.csv", "contacts.csv"])).toEqual([5, 12]);
});

test("sleeping, and its test with a clock", async () => {
  const mail = { remind: vi.fn(async (_customer: string) => {}) };
  const trial = flow({ name: "trial" }, async (ctx, customer: string) => {
    await ctx.sleep(14 * 86_400_000);
    await ctx.run("remind", () => mail.remind(customer));
  });

  const clock = new TestClock();
  await using scope = createScope({ clock, journal: () => memoryJournal({ clock }) });
  const run = scope.exec(trial, "acme-corp");
  await vi.waitFor(async () => expect((await run.details()).steps).toHaveLength(1));
  await clock.advance(13 * 86_400_000);
  expect(mail.remind).not.toHaveBeenCalled();
  await clock.advance(86_400_000);
  await run;
  expect(mail.remind).toHaveBeenCalledWith("acme-corp");
});

test("waiting for a message", async () => {
  const approval = z.object({ approved: z.boolean(), by: z.string() });
  const refund = flow({ name: "refund" }, async (ctx, cents: number) => {
    const { approved, by } = await ctx.waitFor("approval", { schema: approval, timeout: 7 * 86_400_000 });
    if (!approved) throw new Error(`${by} did not approve ${cents} cents`);
  });
  await using scope = createScope();
  const run = scope.exec(refund, 500, { id: "refund-9" });
  await scope.send("refund-9", "approval", { approved: true, by: "sam" });
  await run;
});

test("rollback", async () => {
  const calls: string[] = [];
  const bank = {
    charge: (key: string) => calls.push(`charge ${key}`),
    refund: (key: string) => calls.push(`refund ${key}`),
  };
  const stock = {
    reserve: () => {
      throw new Error("out of stock");
    },
    free: () => calls.push("free"),
  };
  const order = flow({ name: "order" }, async (ctx) => {
    const key = `${ctx.runId}/charge`;
    ctx.onRollback(function refund() {
      return bank.refund(key);
    });
    await ctx.run("charge", () => bank.charge(key));
    ctx.onRollback(() => stock.free());
    await ctx.run("reserve", () => stock.reserve());
  });
  await using scope = createScope();
  await expect(scope.exec(order, undefined, { id: "order-7" })).rejects.toThrow("out of stock");
  expect(calls).toEqual(["charge order-7/charge", "free", "refund order-7/charge"]);
});

test("a sub-flow that is given up undoes its own work", async () => {
  const calls: string[] = [];
  const stock = {
    reserve: () => calls.push("reserve"),
    pack: () => {
      throw new Error("no box");
    },
    free: () => calls.push("free"),
    waitList: () => calls.push("wait list"),
  };
  const supply = flow({ name: "supply" }, async (ctx) => {
    try {
      await ctx.run("reserve", () => stock.reserve());
      await ctx.run("pack", () => stock.pack());
    } catch (error) {
      await ctx.run("free", () => stock.free());
      throw error;
    }
  });
  const orderOrWait = flow({ name: "order_or_wait" }, (ctx) =>
    ctx.exec(supply).catch(() => ctx.run("wait list", () => stock.waitList())),
  );
  await using scope = createScope();
  await scope.exec(orderOrWait, undefined, { id: "order-8" });
  expect(calls).toEqual(["reserve", "free", "wait list"]);
});

test("an id is asked for again", async () => {
  const importFile = flow({ name: "import_file" }, (ctx, file: string) => ctx.run("store", () => ({ file })));
  const journal = memoryJournal();
  await using scope = createScope({ journal });
  const first = scope.exec(importFile, "contacts.csv", { id: "import-42" });
  const again = scope.exec(importFile, "contacts.csv", { id: "import-42" });
  const mistaken = scope.exec(importFile, "orders.csv", { id: "import-42" });
  await expect(mistaken).rejects.toBeInstanceOf(InputMismatch);
  expect(await again).toEqual(await first);
  expect(await scope.exec(importFile, "orders.csv", { id: "import-42" })).toEqual({ file: "contacts.csv" });

  const month = 30 * 86_400_000;
  while ((await journal.prune({ endedBefore: Date.now() - month, limit: 1000 })) === 1000);
  expect(await journal.read("import-42")).toBeDefined();
});

test("two versions, enqueued, taken by a worker", async () => {
  const bank = { charge: async () => "charged", check: vi.fn(async () => {}) };
  await using scope = createScope({ journal: () => sqliteJournal("./journal.db") });
  const orderV1 = flow({ name: "order", version: 1 }, (ctx) => ctx.run("charge", () => bank.charge()));
  const orderV2 = flow({ name: "order", version: 2 }, async (ctx) => {
    await ctx.run("check fraud", () => bank.check());
    return ctx.run("charge", () => bank.charge());
  });

  await using worker = scope.worker({ flows: [orderV1, orderV2], concurrency: 10 });
  const id = await scope.enqueue(orderV1);
  expect(await scope.exec(orderV1, undefined, { id })).toBe("charged");
  expect(bank.check).not.toHaveBeenCalled();
  expect(await scope.exec(orderV2)).toBe("charged");
  await worker.stop();
});

test("what a dead process left is recovered", async () => {
  const importFile = flow({ name: "import_file" }, (ctx, file: string) => ctx.run("store", () => file));
  await using scope = createScope({ journal: () => sqliteJournal("./journal.db") });
  const runs = await scope.recover({ flows: [importFile] });
  await Promise.allSettled(runs);
  expect(runs).toEqual([]);
});

test("BullMQ tells of runs, and its retries go on with them", async () => {
  const server = await startRedis();
  const connection = { host: "127.0.0.1", port: server.port };
  const fetchRows = vi.fn(async () => ["a"]);
  const store = vi.fn(async () => "stored").mockRejectedValueOnce(new Error("busy"));
  const importFile = flow({ name: "import_file" }, async (ctx, _file: string) => {
    await ctx.run("fetch", () => fetchRows());
    return await ctx.run("store", () => store());
  });
  try {
    const queue = new Queue("runs", { connection });
    const dispatch = bullmqDispatch(queue, { attempts: 5, backoff: { type: "exponential", delay: 200 } });
    await using scope = createScope({ journal: () => redisJournal({ connection }), dispatch });

    const worker = new Worker("runs", dispatch.processor(scope, { flows: [importFile] }), { connection });
    await scope.enqueue(importFile, "contacts.csv", { id: "import-42", tenant: "acme-corp" });

    await once(worker, "completed");
    await worker.close();
    await queue.close();
    expect([fetchRows.mock.calls.length, store.mock.calls.length]).toEqual([1, 2]);
  } finally {
    await server.stop();
  }
});

test("values are sealed", async () => {
  const key = randomBytes(32);
  const codec = createCodec({
    seal: {
      seal(plain) {
        const nonce = randomBytes(12);
        const cipher = createCipheriv("aes-256-gcm", key, nonce);
        return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      },
      open(sealed) {
        const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
        decipher.setAuthTag(sealed.subarray(-16));
        return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      },
      digestKey: key,
    },
  });
  const journal = memoryJournal();
  await using scope = createScope({ journal, codec });

  const read = flow({ name: "read" }, (ctx, card: string) => ctx.run("read", () => ({ card })));
  expect(await scope.exec(read, "4711 0815", { id: "read-1" })).toEqual({ card: "4711 0815" });
  const run = await journal.read("read-1");
  expect(JSON.stringify([run, await journal.entries("read-1")])).not.toContain("4711");
});

test("an order is refunded where the stock is empty", async () => {
  const bank = provide(() => ({ charge: async (_key: string) => {}, refund: async (_key: string) => {} }));
  const stock = provide(() => ({ reserve: async () => {} }));
  const order = flow({ name: "order" }, { bank, stock }, async ({ bank, stock }, ctx) => {
    ctx.onRollback(() => bank.refund(ctx.runId));
    await ctx.run("charge", () => bank.charge(ctx.runId));
    await ctx.run("reserve", () => stock.reserve());
  });

  const weir = await setupForTests();
  const refund = vi.fn();
  await using scope = createScope({
    presets: [
      preset(bank, { charge: async () => {}, refund }),
      preset(stock, { reserve: () => Promise.reject(new Error("out of stock")) }),
    ],
  });
  await expect(scope.exec(order, undefined, { id: "order-7" })).rejects.toThrow("out of stock");
  expect(refund).toHaveBeenCalledWith("order-7");
  expect(flowsOf(weir.exporter)).toMatchObject([{ id: "order-7", status: "failed", failedStep: "reserve" }]);
  await weir.shutdown();
});
