/** A file of a customer, taken in by an API and worked through behind a queue. */

import { NETWORK } from "../errors.ts";
import type { WorkflowPlan } from "../plan.ts";

const API = "import-api";
const WORKER = "import-worker";

export const dataImport: WorkflowPlan = {
  name: "data_import",
  service: API,
  weight: 14,
  rhythm: "office",
  cancelled: 0.01,
  labels: (chance) => ({
    source: chance.pick(["upload", "sftp", "s3", "upload"]),
    format: chance.pick(["csv", "csv", "xlsx", "json"]),
  }),
  event: {
    name: "file_received",
    attributes: (chance) => ({ bytes: Math.round(chance.logNormal(400_000, 1.6)) }),
  },
  steps: [
    {
      name: "validate",
      service: API,
      medianMs: 180,
      attributes: (chance) => ({ rows: Math.round(chance.logNormal(1_800, 1.4)) }),
      fails: 0.05,
      errors: [
        {
          type: "ValueError",
          message: (chance) => `row ${chance.whole(2, 4_000)}: expected a date, got "31.02.2026"`,
          at: [
            "readDate src/validate/date.ts:22:11",
            "validateRow src/validate/row.ts:41:13",
            "validate src/import.ts:58:20",
          ],
        },
        {
          type: "ValueError",
          message: (chance) => `row ${chance.whole(2, 4_000)}: column "email" is empty`,
          at: [
            "required src/validate/row.ts:19:11",
            "validateRow src/validate/row.ts:37:9",
            "validate src/import.ts:58:20",
          ],
        },
        {
          type: "SchemaError",
          message: () => "expected columns id, name, email, got id, full_name, mail",
          at: ["matchColumns src/validate/header.ts:64:11", "validate src/import.ts:52:17"],
        },
      ],
    },
    {
      name: "imports",
      service: API,
      kind: "queue",
      medianMs: 700,
      spread: 1.1,
      steps: [
        {
          name: "import_file",
          service: WORKER,
          medianMs: 4,
          attempts: 3,
          retryMs: 5_000,
          steps: [
            { name: "download", service: WORKER, medianMs: 420, spread: 0.8, fails: 0.03, errors: NETWORK },
            {
              name: "process",
              service: WORKER,
              medianMs: 5_200,
              spread: 0.9,
              attributes: (chance) => ({
                batch: chance.pick([500, 1_000, 2_000]),
                rows: Math.round(chance.logNormal(1_700, 1.4)),
              }),
              fails: 0.004,
              errors: [
                {
                  type: "DatabaseError",
                  message: (chance) =>
                    `deadlock detected while inserting into "records", attempt took ${chance.whole(900, 4_000)} ms`,
                  at: ["insertBatch src/db/records.ts:102:17", "process src/worker.ts:77:5"],
                  cause: {
                    type: "error",
                    message: (chance) =>
                      `deadlock detected: process ${chance.whole(100, 30_000)} waits for ShareLock`,
                    at: ["Parser.parseErrorMessage src/db/pg.ts:283:98"],
                  },
                },
                {
                  type: "RangeError",
                  message: () => "Invalid string length",
                  at: ["joinRows src/rows.ts:33:18", "process src/worker.ts:71:12"],
                },
              ],
            },
            { name: "index", service: WORKER, medianMs: 260, optional: true, fails: 0.01, errors: NETWORK },
          ],
        },
      ],
    },
  ],
};
