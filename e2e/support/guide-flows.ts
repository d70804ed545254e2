/** Looks in a collector for the flows that a guide promises. */
import { expect } from "vitest";
import { flowOf, flowsOf, until } from "./api.ts";
import { drawn, type Guide, type RunOptions, runGuide } from "./guide.ts";

const ALL = "?limit=500";

/** Runs a guide, and expects the flows that came of it to be those that it promises. */
export async function expectFlowsOf(guide: Guide, options: RunOptions): Promise<void> {
  expect(guide.flows).not.toBe("");
  const url = `http://127.0.0.1:${options.collector}`;
  // None where the guide starts the collector itself.
  const before = (await flowsOf(url, ALL).catch(() => [])).map(({ id }) => id);
  await runGuide(guide, options, async (expected, outputs) => {
    let last = "";
    const seen = async () => {
      const flows = (await flowsOf(url, ALL)).filter(({ id }) => !before.includes(id));
      const whole = await Promise.all(flows.map(({ tenant, id }) => flowOf(url, tenant, id)));
      last = whole.toReversed().map(drawn).join("\n\n");
      return last === expected;
    };
    await until("the flows of the guide", seen).catch(() => expect(last, outputs()).toBe(expected));
  });
}
