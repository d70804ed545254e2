/** What `weir NAME --help` tells, held against the flags that the command takes. */
import { expect, test } from "vitest";
import type { Command } from "../src/commands/command.ts";
import { COMMANDS } from "../src/commands/index.ts";

/** Flags of another command that are taken here too, and told there. */
const TOLD_ELSEWHERE: Record<string, readonly string[]> = { prune: ["retention", "retention-of"] };

test.each(Object.entries(COMMANDS))(
  "the help of %s has each flag that it takes, and its variable",
  async (name, command) => {
    const flags = await flagsOf(name, command);
    expect(flags.length).toBeGreaterThan(0);
    for (const flag of flags.filter((each) => TOLD_ELSEWHERE[name]?.includes(each) !== true)) {
      expect(command.help).toMatch(new RegExp(`--${flag}\\b`));
      expect(command.help).toMatch(new RegExp(`WEIR_${flag.toUpperCase().replaceAll("-", "_")}\\b`));
    }
  },
);

/** A flag that nobody knows is answered with those that are known. */
async function flagsOf(name: string, command: Command): Promise<string[]> {
  const args = name === "keys" ? ["create", "--nonsense"] : ["--nonsense"];
  const message = await command.run(args, {}).catch(String);
  expect(message).toMatch(/expected one of --/);
  return [...String(message).matchAll(/--([a-z-]+)(?=, |, got)/g)].map(([, flag = ""]) => flag);
}
