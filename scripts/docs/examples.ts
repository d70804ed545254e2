/** The examples that users meet: those in the doc comments of what a package's entries export. */
import { withDeclarations } from "./declarations.ts";
import { readDocComment } from "./doc-comment.ts";
import { entriesOf } from "./entries.ts";

export interface Example {
  /** The entry that they import it from: `@weir/sdk/durable`. */
  specifier: string;
  /** The export that it tells of, or `the entry`. */
  of: string;
  text: string;
}

export interface Examples {
  examples: readonly Example[];
  /** What can be imported, by entry. */
  names: ReadonlyMap<string, readonly string[]>;
}

/**
 * @param packages `sdk` or `collector`
 * @throws {Error} where its declarations can't be written
 * @example const { examples } = await examplesOf("sdk");
 */
export async function examplesOf(...packages: readonly string[]): Promise<Examples> {
  const examples: Example[] = [];
  const names = new Map<string, readonly string[]>();
  for (const name of packages) {
    const entries = entriesOf(name);
    const files = entries.map(({ file }) => file);
    await withDeclarations(name, files, ({ entry }) => {
      const seen = new Set<string>();
      for (const { specifier, file } of entries) {
        const { comment, exports } = entry(file);
        names.set(
          specifier,
          exports.map((each) => each.name),
        );
        examples.push(...examplesIn(comment, { specifier, of: "the entry" }));
        for (const { name: of, declarations } of exports) {
          for (const { id, comment: above, code } of declarations) {
            if (seen.has(id)) continue;
            seen.add(id);
            const comments = [above, ...(code.match(COMMENTS) ?? [])];
            for (const each of comments) examples.push(...examplesIn(each, { specifier, of }));
          }
        }
      }
    });
  }
  return { examples, names };
}

const COMMENTS = /\/\*\*.*?\*\//gs;

function examplesIn(comment: string, where: Omit<Example, "text">): Example[] {
  return readDocComment(comment)
    .tags.filter(({ name }) => name === "example")
    .map(({ text }) => ({ ...where, text }));
}
