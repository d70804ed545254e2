/** What the customers of the demo run: half of it short, as half of what services do is. */
import type { WorkflowPlan } from "../plan.ts";
import { billingRun, chargeCard } from "./billing.ts";
import { crmSync } from "./crm-sync.ts";
import { dataImport } from "./data-import.ts";
import { nightlyReport } from "./nightly-report.ts";
import { onboarding } from "./onboarding.ts";
import { webhooks } from "./webhooks.ts";

export const WORKFLOWS: readonly WorkflowPlan[] = [
  dataImport,
  crmSync,
  webhooks,
  billingRun,
  chargeCard,
  onboarding,
  nightlyReport,
];
