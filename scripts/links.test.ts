/** Links between the pages of the repository lead somewhere: to a file that is there, and to a heading in it. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./run.ts";

const PAGES = globSync("**/*.md", {
  cwd: ROOT,
  exclude: (path) => /(^|\/)(node_modules|\.toolchain|\.git|dist)$/.test(path),
});

test("each link of each page leads to a file, and to a heading in it", () => {
  expect(PAGES).toContain("README.md");
  expect(PAGES.flatMap((page) => deadLinks(page))).toEqual([]);
});

test("each file that the page on security names is there", () => {
  const named = [...textOf("docs/security.md").matchAll(/`((?:sdk|collector|e2e)\/[\w./-]+)`/g)].map(
    ([, path = ""]) => path,
  );
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test("a link to a file that is not there, or to no heading, is found", () => {
  expect(deadLinks("README.md", "[a](docs/none.md) ![b](docs/images/none.png)")).toHaveLength(2);
  expect(deadLinks("docs/guides/page.md", "[a](#a-flow) [b](page.md#a-flow) [c](../../README.md)")).toEqual(
    [],
  );
  expect(deadLinks("docs/guides/page.md", "[a](#no-such-heading) [b](page.md#none)")).toHaveLength(2);
  expect(deadLinks("README.md", "`[a](none.md)`\n\n```md\n[a](none.md)\n```\n")).toEqual([]);
});

/** @param text of the page, where it is not what its file says */
function deadLinks(page: string, text: string = textOf(page)): string[] {
  const links = [...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  return links.flatMap(([, link = ""]) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), decodeURI(path)));
    const found = existsSync(join(ROOT, target));
    const leads = found && (anchor === undefined || !target.endsWith(".md") || anchorsOf(target).has(anchor));
    return leads ? [] : [`${page}: ${link}`];
  });
}

function textOf(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

function withoutCode(text: string): string {
  return text.replaceAll(/^ *```.*?^ *```/gms, "").replaceAll(/`[^`\n]*`/g, "``");
}

/** As forges make them of headings: lower case, without punctuation, spaces as hyphens; the second of a name is `name-1`. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const fenced = /^ *```.*?^ *```/gms;
  for (const [, heading = ""] of textOf(page)
    .replaceAll(fenced, "")
    .matchAll(/^#{1,6} +(.+)$/gm)) {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const plain = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-");
    let anchor = plain;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${plain}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}
