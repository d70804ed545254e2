// The examples of the document that Weir's flows come from, one after the other, written in TypeScript.
import { flow, setup, shutdown, step } from "@weir/sdk";

setup({ serviceName: "seed" });

const validateData = async () => {};
const processData = async () => {};
const storeResults = async () => {};

// Starting a flow
await flow.start({ name: "data_import", tenant: "acme-corp" }, async () => {
  await step.start("validate", () => validateData());
  await step.start("process", () => processData());
  await step.start("store", () => storeResults());
});

// Labels
await flow.start(
  {
    name: "webhook_processing",
    tenant: "acme-corp",
    labels: { webhook_type: "stripe.payment.success", env: "production" },
  },
  async () => {},
);

// Steps
const order = { id: 17, items: ["book"] };
const validateOrder = (_: typeof order) => {};
const chargeCard = (_: typeof order) => {};
const shipItems = (_: typeof order) => {};
flow.start({ name: "order_processing", tenant: "customer-123" }, () => {
  step.start("validate_order", () => validateOrder(order));
  step.start("charge_payment", () => chargeCard(order));
  step.start("fulfill_order", () => shipItems(order));
});

// Error handling
class ValueError extends Error {
  override readonly name = "ValueError";
}
const isValid = (_: unknown) => false;
flow.start({ name: "import", tenant: "acme-corp" }, () => {
  try {
    step.start("validate", () => {
      if (!isValid({})) throw new ValueError("Invalid data format");
    });
  } catch (error) {
    console.log(`Validation failed: ${error}`);
  }
});

await shutdown();
