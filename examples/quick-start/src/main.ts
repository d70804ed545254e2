import { flow, setup, step } from "@weir/sdk";

setup({ serviceName: "import-api" });

await flow.start({ name: "data_import", tenant: "acme-corp", labels: { env: "production" } }, async () => {
  await step.start("validate", () => validateData());
  await step.start("process", { attributes: { rows: 120 } }, () => processData());
});

async function validateData(): Promise<void> {}

async function processData(): Promise<void> {}
