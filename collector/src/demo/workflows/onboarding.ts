/** A new user: hours of waiting for a person, between moments of work. */

import { NETWORK } from "../errors.ts";
import type { WorkflowPlan } from "../plan.ts";

const SERVICE = "accounts";
const HOUR = 3_600_000;

export const onboarding: WorkflowPlan = {
  name: "onboarding",
  service: SERVICE,
  weight: 3,
  rhythm: "office",
  cancelled: 0.06,
  pausable: true,
  labels: (chance) => ({
    plan: chance.pick(["free", "free", "team", "business"]),
    channel: chance.pick(["web", "invite", "sales"]),
  }),
  event: { name: "invited", attributes: (chance) => ({ seats: chance.whole(1, 40) }) },
  steps: [
    { name: "create_account", service: SERVICE, medianMs: 90 },
    { name: "send_invitation", service: SERVICE, medianMs: 260, attempts: 3, fails: 0.02, errors: NETWORK },
    { name: "confirm_email", service: SERVICE, kind: "wait", medianMs: 2.5 * HOUR, spread: 1.2 },
    {
      name: "provision",
      service: SERVICE,
      medianMs: 30,
      parallel: true,
      steps: [
        { name: "create_workspace", service: SERVICE, medianMs: 1_900 },
        {
          name: "create_database",
          service: SERVICE,
          medianMs: 6_500,
          fails: 0.012,
          errors: [
            {
              type: "QuotaExceeded",
              message: (chance) =>
                `cluster eu-${chance.whole(1, 4)} has ${chance.whole(480, 500)} of 500 databases`,
              at: ["Cluster.create src/cluster.ts:57:13", "provision src/provision.ts:18:24"],
            },
          ],
        },
        {
          name: "import_contacts",
          service: SERVICE,
          medianMs: 3_100,
          share: 0.4,
          optional: true,
          fails: 0.05,
          errors: NETWORK,
        },
      ],
    },
    { name: "first_login", service: SERVICE, kind: "sleep", medianMs: 0.4 * HOUR, spread: 0.2, share: 0.7 },
    { name: "welcome_mail", service: SERVICE, medianMs: 240, optional: true },
  ],
};
