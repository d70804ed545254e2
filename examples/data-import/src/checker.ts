/** The checker: a service that the API calls over HTTP. It also makes reports, a flow that begins and ends here. */
import { setup, step } from "@weir/sdk";
import { withFastify } from "@weir/sdk/fastify";
import fastify from "fastify";
import { goesWrong, oneOf, takes } from "./demo.ts";
import type { ImportFile } from "./import-file.ts";
import { onStop } from "./stop.ts";

setup({ serviceName: "schema-checker" });

const HOST = process.env["HOST"] ?? "127.0.0.1";
const PORT = Number(process.env["PORT"] ?? 3001);

const app = fastify({ forceCloseConnections: true });
await app.register(withFastify);

// Called by the API: these steps belong to the API's flow.
app.post<{ Body: ImportFile }>("/check", async ({ body: file }) => {
  await step.start("check_encoding", () => takes(60));
  await step.start("check_schema", { attributes: { rows: file.rows } }, () => checkSchema(file));
  return { valid: true };
});

// Called by customers: opens a flow of its own.
app.post(
  "/reports/:customer",
  {
    config: {
      flow: { name: "usage_report", tenant: (req) => req.params.customer, labels: { format: "pdf" } },
    },
  },
  async () => {
    await step.start("collect", () => takes(700));
    await step.start("render", () => render());
    // Nobody minds a report that is only on the page: this step may fail without failing the flow.
    await step.start("send", { optional: true }, () => takes(200));
    return { ready: true };
  },
);

class SchemaError extends Error {
  override readonly name = "SchemaError";
  readonly statusCode = 422;
}

async function checkSchema(file: ImportFile): Promise<void> {
  await takes(250);
  if (!goesWrong(6)) return;
  const row = 1 + Math.floor(Math.random() * file.rows);
  throw new SchemaError(
    oneOf(
      `row ${row}: expected "email" to be an address, got "n/a"`,
      `row ${row}: expected 14 columns, got 13`,
      `row ${row}: expected "amount" to be a number, got "1.200,00 €"`,
    ),
  );
}

async function render(): Promise<void> {
  await takes(900);
  if (goesWrong(4)) throw new RangeError("page 3: the chart has no data to draw");
}

await app.listen({ port: PORT, host: HOST });
console.log(`schema-checker: listening on http://${HOST}:${PORT}`);

onStop(() => app.close());
