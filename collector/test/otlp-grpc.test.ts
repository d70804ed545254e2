/** OTLP over gRPC: the contract, and what only gRPC has. */
import { once } from "node:events";
import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { WeirError } from "../src/errors.ts";
import { createGrpcDoor, type GrpcOptions } from "../src/otlp/grpc.ts";
import { type AppOptions, createApp } from "./created-app.ts";
import { createFakeStore } from "./fake-store.ts";
import { logTo } from "./log-to.ts";
import { accepting, describeOtlpDoor } from "./otlp.contract.ts";
import { GRPC_DOOR } from "./otlp-grpc.ts";
import { aSpan, protobufBody } from "./otlp-support.ts";
import { frame, outcomeOf, RawGrpc } from "./raw-grpc.ts";

describeOtlpDoor(GRPC_DOOR);

describe("OTLP over gRPC", () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(options: Partial<AppOptions> = {}, grpc: GrpcOptions = {}) {
    const warnings: string[] = [];
    const store = createFakeStore();
    const app = createApp({ store, log: logTo(warnings), ...options });
    const door = createGrpcDoor(app.intake, grpc);
    const url = `http://127.0.0.1:${await door.listen("127.0.0.1:0")}`;
    const client = new RawGrpc(url);
    closing.push(() => {
      client.close();
      door.abort();
      return app.close();
    });
    return { app, door, store, warnings, client, url };
  }

  const message = protobufBody([aSpan()]);

  test("other services and methods are UNIMPLEMENTED", async () => {
    const { client } = await start();
    for (const path of ["/a.b.C/Export", "/opentelemetry.proto.collector.trace.v1.TraceService/Other", "/"]) {
      expect(outcomeOf(await client.call({ path, message }))).toMatchObject({ is: "refused", code: 12 });
    }
  });

  test("an encoding that it does not know is UNIMPLEMENTED, with those that it does", async () => {
    const { client } = await start();
    const { headers } = await client.call({ message, encoding: "zstd" });
    expect(headers["grpc-status"]).toBe("12");
    expect(headers["grpc-message"]).toContain("zstd");
  });

  test("messages that are no gRPC are refused, and the connection lives on", async () => {
    const { client, store, warnings } = await start();
    const nonsense = [
      Buffer.alloc(0),
      Buffer.from([0]),
      frame(message).subarray(0, -1),
      Buffer.concat([frame(message), frame(message)]),
      Buffer.from([0, 255, 255, 255, 255, 1]),
      frame(Buffer.from("no gzip"), true),
      Buffer.alloc(1000, 0xff),
    ];
    for (const bytes of nonsense) {
      const { headers } = await client.call({ bytes, headers: { "grpc-encoding": "gzip" } });
      expect(Number(headers["grpc-status"])).toBeGreaterThan(0);
    }
    const { headers } = await client.call({ message, headers: { "content-type": "text/plain" } });
    expect(headers[":status"]).toBe(415);
    expect(store.taken).toEqual([]);
    expect(outcomeOf(await client.call({ message }))).toMatchObject({ is: "taken" });
    expect(warnings).toEqual([]);
  });

  test("who may send what is decided by the call's metadata, before its message is read", async () => {
    const tenantOf: GrpcOptions["tenantOf"] = async (metadata) => {
      const [key] = metadata.get("authorization");
      if (key === "Bearer fault") throw new Error("a fault of ours");
      if (key !== "Bearer acme") throw new WeirError("forbidden", "expected a key");
      return "acme-corp";
    };
    const { client, warnings } = await start({}, { tenantOf });
    const call = (authorization: string, tenant: string) =>
      client.call({
        message: protobufBody([aSpan({ attributes: { "weir.tenant": tenant } })]),
        headers: { authorization },
      });
    expect(outcomeOf(await call("Bearer acme", "acme-corp"))).toMatchObject({
      is: "taken",
      rejectedSpans: 0,
    });
    expect(outcomeOf(await call("Bearer acme", "globex"))).toMatchObject({ is: "taken", rejectedSpans: 1 });
    const refused = client.begin(Buffer.alloc(0), { headers: { authorization: "Bearer other" } });
    expect(outcomeOf(await refused.answered())).toEqual({
      is: "refused",
      code: 7,
      message: "expected a key",
    });
    expect(warnings).toEqual([]);
    expect(outcomeOf(await call("Bearer fault", "acme-corp"))).toMatchObject({ is: "refused", code: 13 });
    expect(warnings.join()).toContain("a fault of ours");
  });

  test("more calls than may be read at a time are put off; the others go on", async () => {
    const { client, url } = await start();
    const slow = new RawGrpc(url);
    closing.push(() => slow.close());
    const open = Array.from({ length: 64 }, () => slow.begin(frame(message)));
    await Promise.all(open.map((one) => one.written));
    expect(
      await until(
        () => client.call({ message }).then(outcomeOf),
        ({ is }) => is === "put off",
      ),
    ).toMatchObject({
      code: 8,
      retryAfter: 1,
    });
    const answers = await Promise.all(open.map((one) => one.finish()));
    expect(new Set(answers.map((answer) => outcomeOf(answer).is))).toEqual(new Set(["taken"]));
    expect(outcomeOf(await client.call({ message }))).toMatchObject({ is: "taken" });
    // Those who go away make room too.
    const gone = new RawGrpc(url);
    await Promise.all(Array.from({ length: 64 }, () => gone.begin(frame(message)).written));
    gone.close();
    await until(
      () => client.call({ message }).then(outcomeOf),
      ({ is }) => is === "taken",
    );
  });

  test("a sender that goes away before its answer is nobody's loss", async () => {
    const accepted = Promise.withResolvers<void>();
    const committed = Promise.withResolvers<void>();
    const accept = () => {
      accepted.resolve();
      return committed.promise;
    };
    const { client, url, app, warnings } = await start(accepting(accept));
    const call = client.call({ message }).catch(() => "gone");
    await accepted.promise;
    client.close();
    await call;
    committed.resolve();
    const other = new RawGrpc(url);
    closing.push(() => other.close());
    expect(outcomeOf(await other.call({ message }))).toMatchObject({ is: "taken" });
    expect(app.intake.budget.held).toBe(0);
    expect(warnings).toEqual([]);
  });

  test("a bomb is stopped as it inflates", async () => {
    const { client, app } = await start();
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    const outcome = outcomeOf(await client.call({ message: bomb, encoding: "gzip" }));
    expect(outcome).toMatchObject({ is: "refused", code: 8 });
    expect(app.intake.budget.held).toBe(0);
  });

  test("a port in use is told in the system's words", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    closing.push(() => other.close());
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { app } = await start();
    await expect(createGrpcDoor(app.intake).listen(`127.0.0.1:${port}`)).rejects.toThrow("EADDRINUSE");
  });
});

/** Asks again until the answer fits. */
async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
  }
}
