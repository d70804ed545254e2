/** The commands of `weir`, as their own help tells them. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../run.ts";

/** What `weir NAME --help` says. */
export interface CommandHelp {
  name: string;
  help: string;
}

const execute = promisify(execFile);

/** Parts what `weir --help` says: a command begins where another name comes. @throws {Error} where `weir` can't be started */
export async function commandHelps(): Promise<CommandHelp[]> {
  const { stdout } = await execute(process.execPath, [join(ROOT, "collector", "src", "cli.ts"), "--help"]);
  const helps: CommandHelp[] = [];
  for (const line of stdout.split("\n")) {
    const [, name] = /^ {2}weir ([a-z-]+)/.exec(line) ?? [];
    if (name?.startsWith("-")) break;
    const last = helps.at(-1);
    if (name !== undefined && name !== last?.name) helps.push({ name, help: `${line}\n` });
    else if (last !== undefined) last.help += `${line}\n`;
  }
  return helps;
}

export function commandsPage(helps: readonly CommandHelp[]): string {
  const sections = helps.map(
    ({ name, help }) => `## weir ${name}\n\n\`\`\`text\n${withoutMargin(help)}\n\`\`\``,
  );
  return `# Commands

\`weir\` once \`@weir/collector\` is installed; \`npm run -s weir --\` in a checkout. Every flag may be given as an [environment
variable](environment.md) too, and the flag wins. \`--flag value\` and \`--flag=value\` are the same.

The exit code is 0 where it went well, 1 where it did not, 2 where the command line makes no sense. What went wrong is one line on
stderr: [what each means](../operations.md#what-each-line-means).

${sections.join("\n\n")}

## weir --version

Prints the version, as \`weir --help\` prints all of the above.
`;
}

function withoutMargin(help: string): string {
  return help.trimEnd().replaceAll(/^ {2}/gm, "");
}
