/** Every page of the reference, made from what it tells of. */
import { commandHelps, commandsPage } from "./commands-page.ts";
import { firstSentence } from "./doc-comment.ts";
import { environmentPage } from "./environment-page.ts";
import { openApiDocument, restPage } from "./rest-page.ts";
import { clientPage, sdkPages } from "./sdk-pages.ts";
import { table } from "./table.ts";

/** @returns Markdown by file, relative to `docs/reference` */
export async function referencePages(): Promise<Map<string, string>> {
  const [sdk, client, helps, api] = await Promise.all([
    sdkPages(),
    clientPage(),
    commandHelps(),
    openApiDocument(),
  ]);
  const pages = new Map([
    ...sdk.pages,
    ["client.md", client],
    ["rest.md", restPage(api)],
    ["commands.md", commandsPage(helps)],
    ["environment.md", environmentPage(sdk.environment, helps)],
  ]);
  pages.set("README.md", listOf(pages));
  return new Map([...pages].map(([file, text]) => [file, `${text}\n${MADE}\n`]));
}

const MADE =
  "<!-- Made from the code by `npm run docs`: what is wrong here is wrong in a doc comment, a help or a schema. -->";

const ORDER = ["sdk/", "attributes", "diagnostics", "commands", "environment", "rest", "client"];

function listOf(pages: ReadonlyMap<string, string>): string {
  const rank = (file: string) => ORDER.findIndex((each) => file.startsWith(each));
  const files = [...pages.keys()].sort((a, b) => rank(a) - rank(b));
  const rows = files.map((file) => {
    const [, title = "", first = ""] = /^# ([^\n]*)\n\n(.*?)(?:\n\n|$)/s.exec(pages.get(file) ?? "") ?? [];
    return [`[${title}](${file})`, firstSentence(first)];
  });
  return `# Reference

What there is, made from the code: signatures and doc comments, the commands' own help, the API's own description.

${table(["page", ""], rows)}
`;
}
