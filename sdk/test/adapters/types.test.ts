/** What the contract's examples promise to type-check. Checked by tsc; run only to be seen. */
import express from "express";
import fastify from "fastify";
import { expect, test } from "vitest";
import { flowHandler, withExpress } from "../../src/adapters/express.ts";
import { withFastify } from "../../src/adapters/fastify.ts";

test("Express: parameters and bodies are there, and checked when they are named", () => {
  const app = withExpress(express());
  app.post(
    "/import/:customer",
    express.json(),
    flowHandler({ name: "data_import", tenant: (req) => req.params.customer }, async (req, res) => {
      res.json(req.body.rows + req.params.customer);
    }),
  );
  app.get(
    "/:customer/:order",
    flowHandler(
      {
        name: (req) => req.path,
        tenant: (req) => req.params.customer,
        id: (req) => req.params.order,
        labels: { a: 1 },
      },
      (_req, res) => void res.send("done"),
    ),
  );
  app.get(
    "/:customer",
    flowHandler<{ customer: string }>({ name: "n", tenant: (req) => req.params.customer }, (req, res) => {
      // @ts-expect-error there is no such parameter
      res.send(req.params.order);
    }),
  );
  withExpress(express.Router());
  app.get("/", (req, res) => void res.send(req.flow?.run((flow) => flow.tenant)));
  expect(app).toBeTypeOf("function");
});

test("Fastify: a route's config takes a flow", async () => {
  const app = fastify();
  await app.register(withFastify);
  app.post(
    "/import/:customer",
    {
      config: {
        flow: { name: "data_import", tenant: (req) => req.params.customer, labels: (req) => req.body.labels },
      },
    },
    async () => "done",
  );
  app.get("/plain", async (request) => request.flow?.tenant ?? "none");
  // @ts-expect-error a flow needs a tenant
  app.get("/", { config: { flow: { name: "data_import" } } }, async () => "done");
  await app.close();
});
