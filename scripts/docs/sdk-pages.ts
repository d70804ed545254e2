/** The pages of the SDK: one for each entry, and those of its wire, its environment and its diagnostics. */
import { attributesPage } from "./attributes-page.ts";
import { type Member, withDeclarations } from "./declarations.ts";
import { diagnosticsPage } from "./diagnostics-page.ts";
import { entriesOf } from "./entries.ts";
import { entryPage, type Places } from "./entry-page.ts";
import { membersOf } from "./members.ts";

export interface SdkPages {
  /** Markdown by file, relative to `docs/reference`. */
  pages: ReadonlyMap<string, string>;
  /** The variables that `setup()` reads. */
  environment: readonly Member[];
}

const ATTRIBUTES = "attributes.ts";
const ENVIRONMENT = "environment.ts";
const CODES = "diagnostic-codes.ts";

export async function sdkPages(): Promise<SdkPages> {
  const entries = entriesOf("sdk").filter(({ file }) => file !== ATTRIBUTES);
  const files = [...entries.map(({ file }) => file), ATTRIBUTES, ENVIRONMENT, CODES];
  return await withDeclarations("sdk", files, ({ entry }) => {
    const places: Places = new Map();
    const pages = new Map([
      ["attributes.md", attributesPage(entry(ATTRIBUTES))],
      ["diagnostics.md", diagnosticsPage(membersOf(entry(CODES), "DiagnosticCodes"))],
    ]);
    for (const { specifier, file } of entries) {
      const page = `${specifier.split("/")[2] ?? "core"}.md`;
      pages.set(`sdk/${page}`, entryPage({ specifier, page, entry: entry(file) }, places));
    }
    return { pages, environment: membersOf(entry(ENVIRONMENT), "ENV") };
  });
}

/** What the API answers has its types in the page on REST. */
export async function clientPage(): Promise<string> {
  const file = "client/index.ts";
  return await withDeclarations("collector", [file], ({ entry: read }) => {
    const entry = read(file);
    const [answers, others] = [true, false].map((wanted) =>
      entry.exports.filter(({ declarations: [first] }) => first?.id.includes("/http/schemas") === wanted),
    );
    const page = entryPage(
      { specifier: "@weir/collector/client", page: "client.md", entry: { ...entry, exports: others ?? [] } },
      new Map(),
    );
    const links = (answers ?? []).map(({ name }) => `[\`${name}\`](rest.md#${name.toLowerCase()})`);
    return `${page}\n## What is answered\n\nTypes of what the API answers, as it is described there: ${links.join(", ")}.\n`;
  });
}
