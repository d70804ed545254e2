/** The API: takes an import, reads and checks the file, and hands it to the worker. */
import { flow, setup, step } from "@weir/sdk";
import { flowHandler, withExpress } from "@weir/sdk/express";
import { withFetch } from "@weir/sdk/fetch";
import express, { type NextFunction, type Request, type Response } from "express";
import { goesWrong, takes } from "./demo.ts";
import type { ImportFile } from "./import-file.ts";
import { closeImports, submit } from "./imports.ts";
import { onStop } from "./stop.ts";

setup({ serviceName: "import-api" });
withFetch();

const CHECKER_URL = process.env["CHECKER_URL"] ?? "http://127.0.0.1:3001";
const HOST = process.env["HOST"] ?? "127.0.0.1";
const PORT = Number(process.env["PORT"] ?? 3000);

const app = withExpress(express());

app.post(
  "/import/:customer",
  express.json(),
  flowHandler(
    {
      name: "data_import",
      tenant: (req) => req.params.customer,
      labels: (req) => ({ plan: req.body.plan, region: req.body.region, source: req.body.source }),
      endOnExit: false,
    },
    async (req, res) => {
      const file: ImportFile = { customer: req.params.customer, name: req.body.file, rows: req.body.rows };
      await step.start("read", { attributes: { file: file.name } }, () => read(file));
      await step.start("validate", { attributes: { rows: file.rows } }, () => validate(file));
      await submit(file);
      res.status(202).json({ flow: flow.current()?.id });
    },
  ),
);

app.use((error: Error & { status?: number }, _req: Request, res: Response, _next: NextFunction) => {
  res.status(error.status ?? 500).json({ message: error.message });
});

/** Pretends to fetch the file from the customer's storage. */
async function read(file: ImportFile): Promise<void> {
  await takes(300);
  if (goesWrong(2)) {
    throw Object.assign(new Error(`no such file: s3://${file.customer}-uploads/${file.name}`), {
      status: 404,
    });
  }
}

/** Asks the checker, another service. */
async function validate(file: ImportFile): Promise<void> {
  const answer = await fetch(`${CHECKER_URL}/check`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(file),
  });
  if (answer.ok) return;
  const { message } = (await answer.json()) as { message: string };
  throw Object.assign(new Error(`${file.name} is not valid: ${message}`), { status: 422 });
}

const server = app.listen(PORT, HOST, (error) => {
  if (error) throw error;
  console.log(`import-api: listening on http://${HOST}:${PORT}`);
});

onStop(async () => {
  server.closeAllConnections();
  server.close();
  await closeImports();
});
