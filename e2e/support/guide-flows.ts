/** Looks in a collector for the flows that a guide promises. */
import { AssertionError } from "node:assert/strict";
import { basename } from "node:path";
import { freePort } from "../../scripts/free-port.ts";
import { flowOf, flowsOf, until } from "./api.ts";
import { drawn } from "./drawn.ts";
import { type Guide, readGuide } from "./guide.ts";
import { type RunOptions, runGuide } from "./run-guide.ts";

const ALL = "?limit=500";

/** Those that are followed to their flows, below docs/. */
export const GUIDES = [
  "quick-start",
  "guides/express",
  "guides/fastify",
  "guides/bullmq",
  "guides/fetch-and-http",
  "guides/hand-off",
  "guides/beside",
  "guides/which",
  "guides/api",
  "guides/from-dashfrog",
  "guides/trust",
];

/** The packages that those have their readers install. */
export function packagesOfGuides(): string[] {
  const commands = GUIDES.flatMap((path) => readGuide(`docs/${path}.md`).commands);
  return [
    ...new Set(commands.flatMap((command) => /^npm install (.*)$/.exec(command)?.[1]?.split(/\s+/) ?? [])),
  ];
}

/**
 * Runs one of `GUIDES`, and expects the flows that it promises.
 *
 * @param options its `collector` is not that of a guide which starts its own
 */
export async function followGuide(path: string, options: Omit<RunOptions, "name">): Promise<void> {
  const guide = readGuide(`docs/${path}.md`);
  const collector = startsCollector(guide) ? await freePort() : options.collector;
  await expectFlowsOf(guide, { ...options, name: basename(path), collector });
}

/**
 * Runs a guide, and expects the flows that came of it to be those that it promises.
 *
 * @throws {AssertionError} where others came
 */
export async function expectFlowsOf(guide: Guide, options: RunOptions): Promise<void> {
  if (guide.flows === "") throw new Error(`${options.name}: expected a guide that promises flows, got none`);
  const url = `http://127.0.0.1:${options.collector}`;
  const there = startsCollector(guide) ? [] : await until("the flows before", () => flowsOf(url, ALL));
  const before = there.map(({ id }) => id);
  await runGuide(guide, options, async (expected, outputs) => {
    let last = "";
    const seen = async () => {
      const flows = (await flowsOf(url, ALL)).filter(({ id }) => !before.includes(id));
      const whole = await Promise.all(flows.map(({ tenant, id }) => flowOf(url, tenant, id)));
      last = whole.toReversed().map(drawn).join("\n\n");
      return last === expected;
    };
    await until("the flows of the guide", seen).catch(() => {
      const message = `${options.name}: expected the flows that it promises, got\n\n${last}\n\n${outputs()}`;
      throw new AssertionError({ message, actual: last, expected, operator: "strictEqual" });
    });
  });
}

/** Whether a guide begins where there is no collector yet. */
function startsCollector({ commands }: Guide): boolean {
  return commands.some((command) => command.startsWith("npx weir serve"));
}
