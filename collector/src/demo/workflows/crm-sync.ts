/** Contacts, from a customer's CRM into ours: a graph of routines, every few minutes. */

import { NETWORK } from "../errors.ts";
import type { WorkflowPlan } from "../plan.ts";

const SERVICE = "sync";
const READ = "reader.records>mapper.records";
const WRITE = "mapper.contacts>writer.contacts";

export const crmSync: WorkflowPlan = {
  name: "crm_sync",
  service: SERVICE,
  weight: 40,
  rhythm: "always",
  labels: (chance) => ({ provider: chance.pick(["salesforce", "hubspot", "hubspot", "pipedrive"]) }),
  definition: JSON.stringify({
    kind: "graph",
    name: "crm_sync",
    nodes: [
      { id: "reader", slots: ["start"], events: ["records"], critical: true },
      { id: "mapper", slots: ["records"], events: ["contacts"] },
      { id: "writer", slots: ["contacts"], events: [] },
    ],
    edges: [
      { id: READ, source: "reader", event: "records", target: "mapper", slot: "records" },
      { id: WRITE, source: "mapper", event: "contacts", target: "writer", slot: "contacts" },
    ],
  }),
  steps: [
    {
      name: "reader.start",
      service: SERVICE,
      node: "reader",
      medianMs: 310,
      spread: 0.7,
      attempts: 3,
      fails: 0.02,
      errors: [
        ...NETWORK,
        {
          type: "RateLimitError",
          message: (chance) =>
            `the provider allows ${chance.pick([100, 150])} requests in 10 s: expected to wait ${chance.whole(1, 10)} s`,
          at: ["CrmClient.page src/crm/client.ts:140:13", "Reader.start src/reader.ts:28:22"],
        },
      ],
    },
    {
      name: "mapper.records",
      service: SERVICE,
      node: "mapper",
      edge: READ,
      medianMs: 14,
      attributes: (chance) => ({ records: chance.whole(0, 200) }),
      fails: 0.001,
      errors: [
        {
          type: "TypeError",
          message: () => "Cannot read properties of undefined (reading 'email')",
          at: ["toContact src/mapper.ts:19:31", "Mapper.records src/mapper.ts:44:22"],
        },
      ],
    },
    {
      name: "writer.contacts",
      service: SERVICE,
      node: "writer",
      edge: WRITE,
      medianMs: 45,
      attempts: 2,
      fails: 0.003,
      errors: NETWORK,
    },
  ],
};
