/** The wire: what spans of Weir say, and by which keys. */
import type { Entry, Member } from "./declarations.ts";
import { readDocComment } from "./doc-comment.ts";
import { exportOf, membersOf } from "./members.ts";
import { table } from "./table.ts";

/** @param entry of `@weir/sdk/attributes` */
export function attributesPage(entry: Entry): string {
  const of = (name: string) => membersOf(entry, name);
  return `# On the wire

What a span says of a flow. A program in any language that sets these attributes is a full citizen: see
[other languages](../guides/other-languages.md). In TypeScript they are constants of \`@weir/sdk/attributes\`. Spans without
them are taken, ignored and counted.

## Span attributes

${keys(of("ATTR"))}

A flow's labels are attributes too, \`${literalOf(entry, "LABEL_PREFIX")}<key>\` each; on a span of kind \`label\` they are set from then on. All other
attributes of a step or an event are your own; \`${literalOf(entry, "PREFIX")}\` is kept for Weir.

## Values

${table(
  ["constant", "values", ""],
  ["KINDS", "STATUSES", "END_STATUSES", "STEP_KINDS"].map((name) => [
    `\`${name}\``,
    valuesOf(entry, name),
    textOf(entry, name),
  ]),
)}

## Errors

The span's event, as OpenTelemetry records an exception.

${keys(of("EXCEPTION"))}

## Resource

${keys(of("RESOURCE"))}

## Baggage

What carries a flow from one process to the next, in the header \`baggage\` of the W3C: ${of("BAGGAGE")
    .map(({ literal }) => `\`${literal}\``)
    .join(
      ", ",
    )}, and its labels as \`${literalOf(entry, "LABEL_PREFIX")}<key>\`. Values are percent-encoded UTF-8.

## Limits

What is longer or more is cut or left out, and the sender is told: by a diagnostic of the SDK, or in the answer to OTLP.

${table(
  ["of", "at most"],
  of("LIMITS").map((limit) => [`\`${limit.name}\`: ${said(limit)}`, numberOf(entry, limit.name)]),
)}
`;
}

function keys(members: readonly Member[]): string {
  return table(
    ["key", ""],
    members.map((member) => [`\`${member.literal}\``, said(member)]),
  );
}

function said({ comment }: Member): string {
  return readDocComment(comment).text;
}

function textOf(entry: Entry, name: string): string {
  return exportOf(entry, name)
    .declarations.map(({ comment }) => readDocComment(comment).text)
    .join(" ");
}

function codeOf(entry: Entry, name: string): string {
  return exportOf(entry, name)
    .declarations.map(({ code }) => code)
    .join("");
}

function literalOf(entry: Entry, name: string): string {
  return /= "(.*)";/.exec(codeOf(entry, name))?.[1] ?? "";
}

function valuesOf(entry: Entry, name: string): string {
  return [...codeOf(entry, name).matchAll(/"(\w+)"/g)].map(([, value]) => `\`${value}\``).join(" ");
}

function numberOf(entry: Entry, name: string): string {
  const [, digits = ""] = new RegExp(`\\b${name}: (\\d+)`).exec(codeOf(entry, "LIMITS")) ?? [];
  return Number(digits).toLocaleString("en");
}
