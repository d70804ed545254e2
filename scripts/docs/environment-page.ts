/** Every environment variable: of services, from the SDK's list, and of the collector, from what its commands say of their flags. */
import type { CommandHelp } from "./commands-page.ts";
import type { Member } from "./declarations.ts";
import { readDocComment } from "./doc-comment.ts";
import { table } from "./table.ts";

export function environmentPage(ofServices: readonly Member[], helps: readonly CommandHelp[]): string {
  const services = ofServices.map(({ literal, comment }) => [`\`${literal}\``, readDocComment(comment).text]);
  return `# Environment

Every environment variable that Weir reads.

## Of a service

Read by \`setup()\`. An option given to it wins.

${table(["variable", ""], services)}

OpenTelemetry's exporter reads its own besides, each also with \`TRACES_\` in it: \`OTEL_EXPORTER_OTLP_HEADERS\`, \`_TIMEOUT\`,
\`_COMPRESSION\`, \`_CERTIFICATE\`, \`_CLIENT_CERTIFICATE\`, \`_CLIENT_KEY\`. Weir's queue is its own: \`OTEL_BSP_*\` does not count.

## Of the collector

Each flag of a command as \`WEIR_<FLAG>\`; the flag wins, and an empty variable is none.

${helps.map(({ name, help }) => `### weir ${name}\n\n${table(["variable", "flag", ""], variablesIn(help))}`).join("\n\n")}
`;
}

/** The lines of a help that name a variable: `--port  port to listen on (WEIR_PORT)`. */
export function variablesIn(help: string): string[][] {
  const flags = help.split(/\n(?= {4}(?:--|[A-Z]+ {2}))/).slice(1);
  return flags.flatMap((text) => {
    const [, flag = "", said = ""] =
      /^ {4}([^\s,]+(?:, [^\s,]+)*)\s+(.*)$/s.exec(text.split("\n\n")[0] ?? "") ?? [];
    return [...said.matchAll(/WEIR_[A-Z_]+/g)].map(([variable]) => [
      `\`${variable}\``,
      flag
        .split(", ")
        .map((each) => `\`${each}\``)
        .join(", "),
      meaningOf(said),
    ]);
  });
}

function meaningOf(said: string): string {
  const line = said
    .replaceAll(/\s+/g, " ")
    .replace(/ ?\((?:default: )?WEIR_[^)]*\)/, "")
    .trim();
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}`;
}
