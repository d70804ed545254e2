/** The page of one entry of a package: its names, signatures, doc comments and examples. */
import type { Entry, Export } from "./declarations.ts";
import { firstSentence, readDocComment } from "./doc-comment.ts";
import { table } from "./table.ts";

/** Where a declaration is shown, by its id: `durable.md#codec`. What several entries export stands in the first. */
export type Places = Map<string, string>;

const SECTIONS = [
  ["value", "Functions and values"],
  ["class", "Classes"],
  ["error", "Errors"],
  ["type", "Types"],
] as const;

export interface PageOf {
  /** What users import: `@weir/sdk/durable`. */
  specifier: string;
  /** The file's name: `durable.md`. */
  page: string;
  entry: Entry;
}

/**
 * @returns Markdown
 * @throws {Error} naming what has no doc comment
 */
export function entryPage({ specifier, page, entry }: PageOf, places: Places): string {
  const sections = SECTIONS.map(([kind, heading]) => ({
    heading,
    all: entry.exports.filter((each) => each.kind === kind).sort((a, b) => (a.name < b.name ? -1 : 1)),
  })).filter(({ all }) => all.length > 0);
  const here = (each: Export) => !places.has(idOf(each));
  const shown = new Set(sections.flatMap(({ all }) => all.filter(here)));
  const anchors = new Map<string, number>();
  for (const each of shown) {
    const anchor = each.name.toLowerCase();
    const before = anchors.get(anchor) ?? 0;
    anchors.set(anchor, before + 1);
    places.set(idOf(each), `${page}#${anchor}${before === 0 ? "" : `-${before}`}`);
  }
  const parts = sections.flatMap(({ heading, all }) => [
    `## ${heading}`,
    table(
      ["name", ""],
      all.map((each) => [`[\`${each.name}\`](${placeOf(each, places, page)})`, saidOf(each, specifier)]),
    ),
    ...all.filter((each) => shown.has(each)).map(section),
  ]);
  const added = entry.augmentations.map(code);
  if (added.length > 0) parts.push("## Added to the framework's types", ...added);
  return `${[`# ${specifier}`, prose(entry.comment), ...parts].filter(Boolean).join("\n\n")}\n`;
}

function idOf({ declarations }: Export): string {
  return declarations[0]?.id ?? "";
}

function placeOf(each: Export, places: Places, page: string): string {
  const place = places.get(idOf(each)) ?? "";
  return place.startsWith(`${page}#`) ? place.slice(page.length) : place;
}

function saidOf({ name, declarations }: Export, specifier: string): string {
  const said = declarations.map(({ comment }) => readDocComment(comment).text).find(Boolean);
  if (said === undefined)
    throw new Error(`${name} of ${specifier}: expected a doc comment that says what it is, got none`);
  return firstSentence(said);
}

function section({ name, declarations }: Export): string {
  const comments = declarations.map(({ comment }) => comment).filter(Boolean);
  const [first = "", ...others] = comments;
  const [before, after] = halves(first);
  const signatures = code(declarations.map((each) => each.code).join("\n"));
  return [`### ${name}`, before, signatures, after, ...others.map(prose)].filter(Boolean).join("\n\n");
}

/** What stands before the signature, and after it. */
function halves(comment: string): [text: string, tags: string] {
  const { text, tags } = readDocComment(comment);
  const notes = tags.flatMap(({ name, text: said }) => {
    if (name === "param") return [`- ${said.replace(/^(\[?\w+\]?)\s*-?\s*/, "`$1`: ")}`];
    if (name === "returns") return [`- returns ${said}`];
    if (name === "throws")
      return [`- throws ${said.replace(/^\{([^}]*)\}/, "`$1`").replaceAll(/\{@link ([^}]+)\}/g, "`$1`")}`];
    if (name === "deprecated") return [`- deprecated: ${said}`];
    return [];
  });
  const examples = tags.filter(({ name }) => name === "example").map(({ text: said }) => code(said));
  return [
    text,
    [notes.map((note) => note.replaceAll(/\n/g, "\n  ")).join("\n"), ...examples]
      .filter(Boolean)
      .join("\n\n"),
  ];
}

function prose(comment: string): string {
  return halves(comment).filter(Boolean).join("\n\n");
}

function code(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``;
}
