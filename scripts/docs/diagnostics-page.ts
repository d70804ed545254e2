/** What each diagnostic of the SDK means. */
import type { Member } from "./declarations.ts";
import { readDocComment } from "./doc-comment.ts";
import { table } from "./table.ts";

/** @param codes each with a comment that says what it means, and after `Mend:` what to do */
export function diagnosticsPage(codes: readonly Member[]): string {
  const rows = codes.map(({ name, comment }) => {
    const [means = "", mend = ""] = readDocComment(comment).text.split(/\s*Mend: /);
    if (means === "" || mend === "")
      throw new Error(`${name}: expected what it means and after "Mend: " what to do, got ${comment}`);
    return [`\`${name}\``, means, `${mend.charAt(0).toUpperCase()}${mend.slice(1)}`];
  });
  return `# Diagnostics

What the SDK says when something is wrong. It throws nothing into your code: it says so here, each code (and subject of it) at
most once a minute, to \`onDiagnostic\` of [\`setup()\`](sdk/core.md#setup), else by \`process.emitWarning\`:

\`\`\`text
(node:4711) [host-refused] WeirWarning: api.example.com gets no flow identity, as it is a public host: …
\`\`\`

The message names what was expected and what was got. A code is stable.

${table(["code", "means", "mend"], rows)}
`;
}
