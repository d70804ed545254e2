import { Readable } from "node:stream";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import fastify4 from "fastify4";
import { describe, expect, test } from "vitest";
import { withFastify } from "../../src/adapters/fastify.ts";
import { withFetch } from "../../src/adapters/fetch.ts";
import { withHttp } from "../../src/adapters/http.ts";
import { flow, step } from "../../src/index.ts";
import { identityOfServer } from "./certificate.ts";
import { outline } from "./receiver.ts";
import { ended, useRecording } from "./recording.ts";
import { postSecurely } from "./secure-call.ts";
import { abandon, type Call, importFlow, serverContract } from "./server.contract.ts";

// What the tests use of both majors is the same.
const MAJORS: [string, typeof fastify][] = [
  ["Fastify 4", fastify4 as unknown as typeof fastify],
  ["Fastify 5", fastify],
];

function callOf(request: FastifyRequest, reply: FastifyReply): Call {
  return {
    customer: (request.params as { customer: string }).customer,
    body: request.body,
    request: request.raw,
    get flow() {
      return request.flow;
    },
    send: (body, status = 200) => void reply.code(status).send(body),
    fail: (error) => void reply.send(error),
    raw() {
      reply.hijack();
      return reply.raw;
    },
  };
}

for (const [name, make] of MAJORS) {
  serverContract({
    name,
    answersRejections: true,
    async app() {
      const app = make({ forceCloseConnections: true });
      await app.register(withFastify);
      return {
        post(path, handler, options) {
          app.post(path, options === undefined ? {} : { config: { flow: options } }, (request, reply) => {
            const result = handler(callOf(request, reply));
            return result instanceof Promise ? result.then(() => reply) : undefined;
          });
        },
        async serve(closing) {
          closing.push(() => app.close());
          return app.listen();
        },
      };
    },
  });
}

describe.each(MAJORS)("%s", (_name, make) => {
  const recording = useRecording();
  const config = { flow: importFlow };

  async function appWithFlows(options: { connectionTimeout?: number } = {}) {
    const app = make({ forceCloseConnections: true, ...options });
    await app.register(withFastify);
    recording.closing.push(() => app.close());
    return app;
  }

  test("injected requests end their flows too, and a HEAD opens one, not two", async () => {
    const app = await appWithFlows();
    app.get("/:customer", { config }, async () => "done");
    expect((await app.inject("/acme-corp")).body).toBe("done");
    expect((await app.inject({ method: "HEAD", url: "/globex" })).statusCode).toBe(200);
    await expect
      .poll(async () => (await recording.receiver.flows()).map((seen) => `${seen.tenant} ${seen.status}`))
      .toEqual(["acme-corp succeeded", "globex succeeded"]);
  });

  test("works in nested plugins, and registered in one it leaves its siblings alone", async () => {
    recording.closing.push(withFetch());
    const app = make({ forceCloseConnections: true });
    recording.closing.push(() => app.close());
    await app.register(async (inside) => {
      await inside.register(withFastify);
      await inside.register(async (deeper) => {
        deeper.post("/inside", async (request) => ({
          flow: flow.current()?.name,
          shown: request.flow?.name,
        }));
      });
    });
    await app.register(async (beside) => {
      beside.post("/beside", async () => ({ flow: flow.current()?.name }));
    });
    const url = await app.listen();
    await flow.start({ name: "order", tenant: "acme-corp" }, async () => {
      const inside = await (await fetch(`${url}/inside`, { method: "POST" })).json();
      const beside = await (await fetch(`${url}/beside`, { method: "POST" })).json();
      expect([inside, beside]).toEqual([{ flow: "order", shown: "order" }, {}]);
    });
  });

  test("a reply that is hijacked ends its flow when the response does, as that went", async () => {
    const app = await appWithFlows();
    app.post<{ Params: { customer: string } }>("/:customer", { config }, (request, reply) => {
      reply.hijack();
      reply.raw.statusCode = request.params.customer === "acme-corp" ? 200 : 503;
      setTimeout(() => step.start("answer", () => reply.raw.end("by hand")), 5);
    });
    const url = await app.listen();
    for (const customer of ["acme-corp", "globex"]) {
      const answer = await fetch(`${url}/${customer}`, { method: "POST" });
      expect(await answer.text()).toBe("by hand");
    }
    await expect
      .poll(async () =>
        (await recording.receiver.flows()).map((seen) => [seen.tenant, seen.status, ...outline(seen)]),
      )
      .toEqual([
        ["acme-corp", "succeeded", "answer"],
        ["globex", "failed", "answer"],
      ]);
  });

  test("a flow that arrives over https is continued", async () => {
    recording.closing.push(withHttp());
    const app = make({ forceCloseConnections: true, https: identityOfServer });
    recording.closing.push(() => app.close());
    await app.register(withFastify);
    app.post("/", async () => flow.current()?.id ?? "none");
    const url = await app.listen();
    const order = { name: "order", tenant: "acme-corp", id: "o-1" };
    expect(await flow.start(order, () => postSecurely(url))).toBe("o-1");
    expect(await postSecurely(url)).toBe("none");
  });

  test("a stream that is sent keeps the flow open; one that breaks fails it", async () => {
    const app = await appWithFlows();
    app.get("/:customer", { config }, async (request, reply) => {
      const { customer } = request.params as { customer: string };
      const parts = async function* () {
        yield "one ";
        if (customer === "globex") throw new Error("bad row 7");
        yield step.start("last part", () => "two");
      };
      return reply.send(Readable.from(parts()));
    });
    const url = await app.listen();
    expect(await (await fetch(`${url}/acme-corp`)).text()).toBe("one two");
    await fetch(`${url}/globex`)
      .then((answer) => answer.text())
      .catch(() => {});
    const good = await recording.receiver.flowThat((seen) => seen.tenant === "acme-corp" && ended(seen));
    expect(good.status).toBe("succeeded");
    expect(outline(good)).toEqual(["last part"]);
    const bad = await recording.receiver.flowThat((seen) => seen.tenant === "globex" && ended(seen));
    expect(bad.status).toBe("failed");
  });

  test("a connection that times out cancels the flow", async () => {
    const app = await appWithFlows({ connectionTimeout: 50 });
    const closed = Promise.withResolvers<void>();
    app.post("/:customer", { config }, async (request) => {
      request.raw.socket.once("close", closed.resolve);
      await closed.promise;
      return "too late";
    });
    await abandon(`${await app.listen()}/acme-corp`, closed.promise);
    expect((await recording.receiver.flowThat(ended)).status).toBe("cancelled");
  });

  // Fastify 4 has no such time-out.
  if (make === fastify)
    test("a handler that times out keeps the flow open until it gives up", async () => {
      const app = await appWithFlows();
      const timedOut = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      app.post("/:customer", { config, handlerTimeout: 20 }, async (request) => {
        request.signal.addEventListener("abort", () => timedOut.resolve());
        await goOn.promise;
      });
      const answer = await app.inject({ method: "POST", url: "/acme-corp" });
      await timedOut.promise;
      expect(answer.statusCode).toBe(503);
      goOn.resolve();
      expect((await recording.receiver.flowThat(ended)).status).toBe("failed");
    });

  test("an error in a hook before the handler opens no flow; one after it fails the flow", async () => {
    const app = await appWithFlows();
    app.get("/before/:customer", {
      config,
      preHandler: async () => {
        throw new Error("not allowed");
      },
      handler: async () => "never",
    });
    app.get("/after/:customer", {
      config,
      onSend: async () => {
        throw new Error("no template");
      },
      handler: async () => "done",
    });
    expect((await app.inject("/before/globex")).statusCode).toBe(500);
    expect((await app.inject("/after/acme-corp")).statusCode).toBe(500);
    await recording.receiver.flowThat(ended);
    expect((await recording.receiver.flows()).map(({ tenant, status }) => [tenant, status])).toEqual([
      ["acme-corp", "failed"],
    ]);
  });

  test("an error handler may answer as it likes: the flow fails with the error as it was", async () => {
    const app = await appWithFlows();
    app.setErrorHandler((_error, request, reply) => reply.code(422).send({ flow: request.flow?.name }));
    app.get("/:customer", { config }, async () => {
      throw new Error("bad row 7");
    });
    const answer = await app.inject("/acme-corp");
    expect([answer.statusCode, answer.json()]).toEqual([422, { flow: "data_import" }]);
    expect(await recording.receiver.flowThat(ended)).toMatchObject({ status: "failed", error: "bad row 7" });
  });
});
