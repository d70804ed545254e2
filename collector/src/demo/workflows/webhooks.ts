/** What happened, told to the customer's own server: many, short, tried again for hours where nobody answers. */

import { NETWORK } from "../errors.ts";
import type { WorkflowPlan } from "../plan.ts";

const SERVICE = "notifier";

export const webhooks: WorkflowPlan = {
  name: "webhook_delivery",
  service: SERVICE,
  weight: 26,
  rhythm: "office",
  labels: (chance) => ({
    topic: chance.pick(["contact.updated", "import.done", "invoice.paid", "report.ready"]),
  }),
  steps: [
    { name: "sign", service: SERVICE, medianMs: 2 },
    {
      name: "deliver",
      service: SERVICE,
      medianMs: 130,
      spread: 0.9,
      attempts: 4,
      retryMs: 15_000,
      attributes: (chance) => ({ "http.request.body.size": chance.whole(300, 6_000) }),
      fails: 0.14,
      errors: [
        ...NETWORK,
        {
          type: "DeliveryError",
          message: (chance) => `the customer's server answered ${chance.pick([401, 404, 410, 500])}`,
          at: ["deliver src/deliver.ts:49:11"],
        },
      ],
    },
  ],
};
