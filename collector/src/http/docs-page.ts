/** The description of the API as a page: plain HTML with a style sheet, no script, and nothing from elsewhere. */
import { escaped } from "./escaped.ts";
import type { Json, OpenApi, Operation, Parameter, ResponseObject } from "./openapi-types.ts";

type Schema = { [key: string]: Json };

export function docsPage(document: OpenApi): string {
  const { info, tags, components } = document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections = tags.map(({ name }) => ({
    name,
    operations: operations.filter(({ operation }) => operation.tags[0] === name),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(info.title)} API</title>
<link rel="icon" type="image/svg+xml" href="/favicon.svg">
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<a class="skip" href="#main">Skip to the description</a>
<nav aria-label="Contents">
<p><a href="/">Weir</a> · <a href="/api/v1/openapi.json">openapi.json</a></p>
${sections.map(contents).join("\n")}
<h2>data</h2>
<ul>${Object.keys(components.schemas).map(schemaItem).join("")}</ul>
</nav>
<main id="main">
<h1>${escaped(info.title)} API <small>${escaped(info.version)}</small></h1>
${prose(info.description)}
${sections.map(section).join("\n")}
<section>
<h2>data</h2>
${Object.entries(components.schemas).map(schemaArticle).join("\n")}
</section>
</main>
</body>
</html>
`;
}

interface Shown {
  path: string;
  method: string;
  operation: Operation;
}

function contents({ name, operations }: { name: string; operations: Shown[] }): string {
  const items = operations.map(
    ({ method, path, operation }) =>
      `<li><a href="#${operation.operationId}"><span>${method}</span> ${escaped(path.replace("/api/v1", ""))}</a></li>`,
  );
  return `<h2>${escaped(name)}</h2>\n<ul>${items.join("")}</ul>`;
}

function schemaItem(name: string): string {
  return `<li><a href="#${name}">${name}</a></li>`;
}

function section({ name, operations }: { name: string; operations: Shown[] }): string {
  return `<section>\n<h2>${escaped(name)}</h2>\n${operations.map(article).join("\n")}\n</section>`;
}

function article({ path, method, operation }: Shown): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const body = requestBody?.content["application/json"]?.schema;
  const good = Object.entries(responses).filter(
    (each): each is [string, ResponseObject] => !("$ref" in each[1]),
  );
  const bad = Object.entries(responses).flatMap(([status, each]) =>
    "$ref" in each ? [`<li><code>${status}</code> ${escaped(each.$ref.split("/").at(-1) ?? "")}</li>`] : [],
  );
  return `<article id="${operationId}">
<h3>${escaped(summary)}</h3>
<p class="route"><b class="${method.toLowerCase()}">${method}</b> <code>${escaped(path)}</code></p>
${prose(description)}
${parameters.length === 0 ? "" : parameterTable(parameters)}
${body === undefined ? "" : `<h4>Body</h4>\n<div class="type">${typeOf(body)}</div>`}
<h4>Answers</h4>
<ul class="answers">${good.map(answer).join("")}</ul>
<details><summary>errors</summary><ul class="answers">${bad.join("")}</ul></details>
</article>`;
}

function parameterTable(parameters: Parameter[]): string {
  const rows = parameters.map(
    ({ name, in: place, description, schema, explode }) =>
      `<tr><th scope="row"><code>${escaped(explode ? "label.<key>" : name)}</code></th><td>${place}</td>` +
      `<td>${explode ? "text, may repeat" : takes(schema)}</td><td>${inline(description)}</td></tr>`,
  );
  return `<div class="scroll" tabindex="0" role="region" aria-label="Parameters"><table>
<thead><tr><th scope="col">parameter</th><th scope="col">in</th><th scope="col">takes</th><th scope="col">means</th></tr></thead>
<tbody>${rows.join("")}</tbody>
</table></div>`;
}

function takes(json: Json): string {
  const { type, items = {} } = json as Schema;
  return type === "array" ? `${typeOf(items)}, may repeat` : typeOf(json);
}

function answer([status, { description, content = {} }]: [string, ResponseObject]): string {
  const types = Object.entries(content).map(([type, { schema }]) => `${escaped(type)} ${typeOf(schema)}`);
  return `<li><code>${status}</code> ${inline(description)} <div class="type">${types.join("<br>")}</div></li>`;
}

function schemaArticle([name, schema]: [string, Json]): string {
  return `<article id="${name}">\n<h3>${name}</h3>\n<div class="type">${typeOf(schema)}</div>\n</article>`;
}

/** What a value is, in few words; objects as lists of what they have. */
function typeOf(json: Json): string {
  const schema = (json ?? {}) as Schema;
  const { $ref, anyOf, enum: choices, type, items, properties, additionalProperties, description } = schema;
  const about = typeof description === "string" ? ` <em>${inline(description)}</em>` : "";
  if (typeof $ref === "string") {
    const name = $ref.split("/").at(-1) ?? "";
    return `<a href="#${name}">${name}</a>`;
  }
  if (Array.isArray(anyOf)) return anyOf.map(typeOf).join(" or ") + about;
  if (Array.isArray(choices))
    return choices.map((each) => `<code>${escaped(String(each))}</code>`).join(" or ") + about;
  if (type === "array") return `list of ${typeOf(items ?? {})}${about}`;
  if (properties !== undefined) return fields(schema) + about;
  if (type === "object") {
    const values = additionalProperties ?? true;
    return typeof values === "object" ? `by key: ${typeOf(values)}${about}` : `object${about}`;
  }
  return escaped([type ?? "anything"].flat().map(wordFor).join(" or ")) + boundsOf(schema) + about;
}

function fields({ properties, required = [] }: Schema): string {
  const rows = Object.entries(properties as Schema).map(([name, schema]) => {
    const optional = (required as string[]).includes(name) ? "" : " <i>may be absent</i>";
    return `<div><dt><code>${escaped(name)}</code></dt><dd>${typeOf(schema)}${optional}</dd></div>`;
  });
  return `<dl>${rows.join("")}</dl>`;
}

function wordFor(type: Json): string {
  const words: Record<string, string> = { string: "text", integer: "whole number", boolean: "true or false" };
  return words[String(type)] ?? String(type);
}

function boundsOf({ minimum, maximum }: Schema): string {
  return minimum === undefined || maximum === undefined ? "" : ` from ${minimum} to ${maximum}`;
}

/** Paragraphs and lists, as the description has them. */
function prose(text: string): string {
  return text
    .split("\n\n")
    .map((block) =>
      block.startsWith("- ")
        ? `<ul>${block
            .split(/\n(?=- )/)
            .map((item) => `<li>${inline(item.slice(2))}</li>`)
            .join("")}</ul>`
        : `<p>${inline(block)}</p>`,
    )
    .join("\n");
}

function inline(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

export const DOCS_STYLE = `:root {
  color-scheme: light dark;
  --text: light-dark(#1c2128, #d9dee5);
  --quiet: light-dark(#57606a, #9aa4b0);
  --line: light-dark(#d8dee4, #343b44);
  --ground: light-dark(#ffffff, #16191d);
  --raised: light-dark(#f4f6f8, #1e2329);
  --link: light-dark(#0e6c85, #5cc4de);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr);
  font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--ground);
}
a { color: var(--link); }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: .5rem; }
nav {
  position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem;
  font-size: .875rem; border-right: 1px solid var(--line);
}
nav h2 { font-size: .8125rem; color: var(--quiet); margin: 1rem 0 .25rem; }
nav ul { list-style: none; margin: 0; padding: 0; overflow-wrap: anywhere; }
nav a { text-decoration: none; }
nav li a:has(span) { display: grid; grid-template-columns: 3.6rem 1fr; align-items: baseline; }
nav span { font-size: .75rem; color: var(--quiet); }
main { max-width: 60rem; padding: 1rem 2rem 4rem; }
h1 small { font-weight: normal; font-size: 1rem; color: var(--quiet); }
main h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
article { margin: 2rem 0; }
h3 { margin: 0; font-size: 1.125rem; }
h4 { margin: 1rem 0 .25rem; font-size: .875rem; color: var(--quiet); }
code { font: .875em ui-monospace, monospace; background: var(--raised); padding: .05em .3em; border-radius: 4px; }
.route { margin: .25rem 0; }
.route b { font-size: .8125rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: normal; }
.answers { list-style: none; padding: 0; margin: 0; }
.type { font-size: .875rem; overflow-wrap: anywhere; }
dl { margin: .25rem 0 .25rem .25rem; padding-left: .75rem; border-left: 2px solid var(--line); }
dl div { display: flex; flex-wrap: wrap; gap: 0 .75rem; padding: .1rem 0; }
dt { min-width: 9rem; }
dd { margin: 0; flex: 1; min-width: 12rem; }
dd dl { margin-left: 0; }
em, i { color: var(--quiet); font-style: normal; }
em::before { content: "· "; }
summary { cursor: pointer; font-size: .875rem; color: var(--quiet); }
@media (max-width: 50rem) {
  body { display: block; }
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1rem; }
}
`;
