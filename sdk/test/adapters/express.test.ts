import { once } from "node:events";
import { connect } from "node:net";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import express4 from "express4";
import { describe, expect, test } from "vitest";
import { flowHandler, withExpress } from "../../src/adapters/express.ts";
import { withFetch } from "../../src/adapters/fetch.ts";
import { withHttp } from "../../src/adapters/http.ts";
import { flow, step } from "../../src/index.ts";
import { outline } from "./receiver.ts";
import { ended, useRecording } from "./recording.ts";
import { postSecurely } from "./secure-call.ts";
import { type Call, elsewhere, importFlow, serverContract } from "./server.contract.ts";
import { listen, type Scheme } from "./server.ts";

const MAJORS: [string, typeof express][] = [
  ["Express 4", express4],
  ["Express 5", express],
];

async function serve(app: Express, closing: (() => unknown)[], scheme?: Scheme): Promise<string> {
  // Express's own answer to an error, without its noise.
  app.use((error: Error, _req: Request, res: Response, next: NextFunction) =>
    res.headersSent ? next(error) : res.status(500).send(error.message),
  );
  const { url, close } = await listen(app, scheme);
  closing.push(close);
  return url;
}

function callOf(request: Request, response: Response, next: NextFunction): Call {
  return {
    customer: String(request.params["customer"]),
    body: request.body,
    request,
    get flow() {
      return request.flow;
    },
    send: (body, status = 200) => void response.status(status).send(body),
    fail: (error) => next(error),
    raw: () => response,
  };
}

for (const [name, make] of MAJORS) {
  serverContract({
    name,
    answersRejections: make === express,
    async app() {
      const app = withExpress(make());
      app.use(make.json());
      return {
        post(path, handler, options) {
          const answer = (req: Request, res: Response, next: NextFunction) =>
            handler(callOf(req, res, next)) as Promise<void>;
          app.post(path, options === undefined ? answer : flowHandler(options, answer));
        },
        serve: (closing) => serve(app, closing),
      };
    },
  });
}

describe.each(MAJORS)("%s", (_name, make) => {
  const recording = useRecording();
  const post = async (url: string, body?: string) =>
    (await fetch(url, { method: "POST", ...(body !== undefined && { body }) })).text();

  test("the flow reaches handlers of request events", async () => {
    const app = withExpress(make());
    app.post(
      "/:customer",
      flowHandler(importFlow, (req, res) => {
        req.on("data", () => step.start("chunk", () => {}));
        req.on("end", () => step.start("end", () => res.send("done")));
      }),
    );
    await post(`${await serve(app, recording.closing)}/acme-corp`, "x");
    expect(outline(await recording.receiver.flowThat(ended))).toEqual(["chunk", "end"]);
  });

  test("a flow handler is in the flow that arrived, whatever called back from elsewhere before it", async () => {
    recording.closing.push(withFetch());
    const lose = elsewhere(recording.closing);
    const app = withExpress(make());
    app.post(
      "/",
      (_req, _res, next) => lose(next),
      flowHandler({ name: "child", tenant: "acme-corp" }, (_req, res) => void res.send("done")),
    );
    const url = await serve(app, recording.closing);
    await flow.start({ name: "parent", tenant: "acme-corp", id: "p-1" }, () => post(url));
    const child = await recording.receiver.flowThat((seen) => seen.name === "child");
    expect(child.parentFlowId).toBe("p-1");
  });

  test("routers and sub-apps continue the flow, and regain it where it was lost", async () => {
    recording.closing.push(withFetch());
    const lose = elsewhere(recording.closing);
    const name = (_req: Request, res: Response) =>
      void res.send(step.start(`in ${res.req.baseUrl}`, () => flow.current()?.name ?? "none"));
    const app = withExpress(make());
    const router = make.Router().post("/", name);
    const subApp = make().post("/", name);
    const again = withExpress(make.Router()).post("/", name);
    app.use("/router", router);
    app.use("/app", subApp);
    app.use("/lost", (_req, _res, next) => lose(next), make.Router().post("/", name));
    app.use("/again", (_req, _res, next) => lose(next), again);
    const url = await serve(app, recording.closing);
    await flow.start({ name: "order", tenant: "acme-corp" }, async () => {
      expect(await post(`${url}/router`)).toBe("order");
      expect(await post(`${url}/app`)).toBe("order");
      expect(await post(`${url}/lost`)).toBe("none");
      expect(await post(`${url}/again`)).toBe("order");
    });
    expect(outline(await recording.receiver.flowThat(ended))).toEqual(["in /router", "in /app", "in /again"]);
  });

  test("the tenant may come from the path of a router that was mounted, or of the one around it", async () => {
    const app = withExpress(make());
    const answer = (_req: Request, res: Response) => void res.send("done");
    const tenant = (req: { params: Record<string, string | string[] | undefined> }) =>
      String(req.params["customer"]);
    const own = make.Router().post("/:customer", flowHandler({ name: "own", tenant }, answer));
    const merged = make
      .Router({ mergeParams: true })
      .post("/import", flowHandler({ name: "merged", tenant }, answer));
    app.use("/imports", own);
    app.use("/customers/:customer", merged);
    const url = await serve(app, recording.closing);
    await post(`${url}/imports/acme-corp`);
    await post(`${url}/customers/globex/import`);
    await expect
      .poll(async () =>
        (await recording.receiver.flows()).map((seen) => [seen.name, seen.tenant, seen.status]),
      )
      .toEqual([
        ["own", "acme-corp", "succeeded"],
        ["merged", "globex", "succeeded"],
      ]);
  });

  test("a request that breaks off while its body is parsed opens no flow, and the next one does", async () => {
    const app = withExpress(make());
    app.use(make.json());
    app.post(
      "/:customer",
      flowHandler(importFlow, (_req, res) => void res.send("done")),
    );
    const url = await serve(app, recording.closing);
    const broken = connect(Number(new URL(url).port), "127.0.0.1");
    broken.write("POST /acme-corp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
    broken.resume().end("Content-Length: 99\r\n\r\n{");
    await once(broken, "close");
    await post(`${url}/globex`);
    await recording.receiver.flowThat(ended);
    expect((await recording.receiver.flows()).map(({ tenant }) => tenant)).toEqual(["globex"]);
  });

  test("a flow that arrives over https is continued", async () => {
    recording.closing.push(withHttp());
    const app = withExpress(make());
    app.post("/", (_req, res) => void res.send(flow.current()?.id ?? "none"));
    const url = await serve(app, recording.closing, "https");
    const order = { name: "order", tenant: "acme-corp", id: "o-1" };
    expect(await flow.start(order, () => postSecurely(url))).toBe("o-1");
    expect(await postSecurely(url)).toBe("none");
  });

  test("error middleware sees the flow that failed", async () => {
    const app = withExpress(make());
    app.post(
      "/:customer",
      flowHandler({ ...importFlow, id: "i-1" }, () => {
        throw new Error("bad row 7");
      }),
    );
    app.use((_error: Error, req: Request, res: Response, _next: NextFunction) => {
      res.status(422).send(req.flow?.id);
    });
    expect(await post(`${await serve(app, recording.closing)}/acme-corp`)).toBe("i-1");
    // The handler failed, whatever the middleware made of that.
    expect(await recording.receiver.flowThat(ended)).toMatchObject({ status: "failed", error: "bad row 7" });
  });

  test("next('route') is no failure", async () => {
    const app = withExpress(make());
    app.post(
      "/:customer",
      flowHandler(importFlow, (_req, _res, next) => next("route")),
    );
    app.post("/:customer", (_req, res) => void res.send("the next one"));
    expect(await post(`${await serve(app, recording.closing)}/acme-corp`)).toBe("the next one");
    expect((await recording.receiver.flowThat(ended)).status).toBe("succeeded");
  });

  test("a `flow` of someone else's on the request stays", async () => {
    const app = make();
    app.use((req, _res, next) => {
      Object.assign(req, { flow: "theirs" });
      next();
    });
    withExpress(app).post(
      "/:customer",
      flowHandler(importFlow, (req, res) => void res.send(req.flow)),
    );
    expect(await post(`${await serve(app, recording.closing)}/acme-corp`)).toBe("theirs");
  });
});
