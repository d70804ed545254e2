/** Once a day and customer: what was used becomes an invoice, and each card is charged as a flow of its own. */

import { NETWORK } from "../errors.ts";
import type { WorkflowPlan } from "../plan.ts";

const BILLING = "billing";
const PAYMENTS = "payments";

export const billingRun: WorkflowPlan = {
  name: "billing_run",
  service: BILLING,
  weight: 2.5,
  rhythm: "night",
  labels: (chance) => ({
    period: chance.pick(["daily", "daily", "monthly"]),
    currency: chance.pick(["EUR", "EUR", "USD", "GBP"]),
  }),
  steps: [
    {
      name: "load_usage",
      service: BILLING,
      medianMs: 1_400,
      spread: 0.7,
      attributes: (chance) => ({ records: Math.round(chance.logNormal(9_000, 1.2)) }),
      fails: 0.004,
      errors: [
        {
          type: "QueryTimeoutError",
          message: (chance) => `usage of ${chance.whole(2, 40)} meters was not read within 30000 ms`,
          at: ["readUsage src/usage.ts:71:13", "loadUsage src/run.ts:22:9"],
        },
      ],
    },
    { name: "price", service: BILLING, medianMs: 240 },
    {
      name: "issue_invoices",
      service: BILLING,
      medianMs: 60,
      opens: { workflow: "charge_card", least: 1, most: 4 },
    },
    { name: "send_mails", service: BILLING, medianMs: 380, optional: true, fails: 0.02, errors: NETWORK },
  ],
};

export const chargeCard: WorkflowPlan = {
  name: "charge_card",
  service: PAYMENTS,
  weight: 6,
  rhythm: "office",
  labels: (chance) => ({ provider: chance.pick(["stripe", "stripe", "adyen"]) }),
  steps: [
    {
      name: "authorize",
      service: PAYMENTS,
      medianMs: 640,
      spread: 0.6,
      attributes: (chance) => ({ cents: Math.round(chance.logNormal(4_900, 0.9)) }),
      fails: 0.045,
      errors: [
        {
          type: "CardDeclined",
          message: (chance) =>
            `the bank declined: ${chance.pick(["insufficient_funds", "expired_card", "do_not_honor"])}`,
          at: ["Provider.authorize src/provider.ts:92:13", "charge src/charge.ts:30:18"],
        },
      ],
    },
    { name: "capture", service: PAYMENTS, medianMs: 410, attempts: 3, fails: 0.02, errors: NETWORK },
    { name: "book", service: PAYMENTS, medianMs: 18 },
  ],
};
