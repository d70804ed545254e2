/** A tree of steps, run at night: collect, draw side by side, deliver. */

import { NETWORK } from "../errors.ts";
import type { WorkflowPlan } from "../plan.ts";

const SERVICE = "reporter";

export const nightlyReport: WorkflowPlan = {
  name: "nightly_report",
  service: SERVICE,
  weight: 4,
  rhythm: "night",
  pausable: true,
  labels: (chance) => ({ kind: chance.pick(["usage", "revenue", "audit"]) }),
  event: { name: "numbers_ready", attributes: (chance) => ({ tables: chance.whole(3, 24) }) },
  definition: JSON.stringify({
    kind: "tree",
    name: "nightly_report",
    root: {
      id: "0",
      type: "sequence",
      children: [
        { id: "0.0", type: "run", name: "collect" },
        {
          id: "0.1",
          type: "parallel",
          children: [
            { id: "0.1.0", type: "run", name: "draw_pdf" },
            { id: "0.1.1", type: "run", name: "write_csv" },
          ],
        },
        { id: "0.2", type: "wait", name: "office hours", detail: "until 5 o'clock" },
        { id: "0.3", type: "run", name: "deliver" },
      ],
    },
  }),
  steps: [
    {
      name: "collect",
      service: SERVICE,
      node: "0.0",
      medianMs: 21_000,
      spread: 0.8,
      attributes: (chance) => ({ queries: chance.whole(4, 60) }),
      fails: 0.012,
      errors: [
        {
          type: "QueryTimeoutError",
          message: (chance) =>
            `"${chance.pick(["orders_by_day", "active_users", "revenue"])}" took longer than 120000 ms`,
          at: ["Warehouse.query src/warehouse.ts:88:15", "collect src/report.ts:25:20"],
        },
      ],
    },
    {
      name: "draw",
      service: SERVICE,
      node: "0.1",
      medianMs: 5,
      parallel: true,
      steps: [
        {
          name: "draw_pdf",
          service: SERVICE,
          node: "0.1.0",
          medianMs: 8_200,
          spread: 0.6,
          attributes: (chance) => ({ pages: chance.whole(2, 90) }),
          fails: 0.008,
          errors: [
            {
              type: "Error",
              message: () => "Page crashed!",
              at: ["Page.onCrash src/pdf/page.ts:212:11", "drawPdf src/pdf/draw.ts:40:7"],
            },
          ],
        },
        { name: "write_csv", service: SERVICE, node: "0.1.1", medianMs: 900 },
      ],
    },
    { name: "office hours", service: SERVICE, kind: "wait", node: "0.2", medianMs: 45 * 60_000, spread: 0.4 },
    {
      name: "deliver",
      service: SERVICE,
      node: "0.3",
      medianMs: 350,
      attempts: 4,
      retryMs: 4_000,
      fails: 0.03,
      errors: NETWORK,
    },
  ],
};
