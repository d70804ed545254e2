/** The parts that read comments and helps; that the pages are what the code says is part of the check. */
import { expect, test } from "vitest";
import { firstSentence, readDocComment } from "./doc-comment.ts";
import { entryPage, type Places } from "./entry-page.ts";
import { variablesIn } from "./environment-page.ts";

const LINES = `/**
 * Ends it, once. Later ends
 * change nothing.
 *
 * @param reason in words
 *   of yours
 * @example
 * run.end("done");
 */`;

test("a doc comment is taken apart at its tags", () => {
  const { text, tags } = readDocComment(LINES);
  expect(text).toBe("Ends it, once. Later ends\nchange nothing.");
  expect(tags).toEqual([
    { name: "param", text: "reason in words\n  of yours" },
    { name: "example", text: 'run.end("done");' },
  ]);
  expect(firstSentence(text)).toBe("Ends it, once.");
});

test("one of a single line, and one of tags alone", () => {
  const ofOneLine = readDocComment("/** Notes it. @example flow.event('a@b.c'); */");
  expect(ofOneLine.text).toBe("Notes it.");
  expect(ofOneLine.tags).toEqual([{ name: "example", text: "flow.event('a@b.c');" }]);
  expect(readDocComment("/** @throws {Error} always */")).toEqual({
    text: "",
    tags: [{ name: "throws", text: "{Error} always" }],
  });
});

test("a help names its variables, also where a flag's text has several lines", () => {
  const help = `  weir serve [--host H]

    --host           where to listen (WEIR_HOST); others may reach it
    --from, --to     in this
                     time (WEIR_FROM, WEIR_TO)
`;
  expect(variablesIn(help)).toEqual([
    ["`WEIR_HOST`", "`--host`", "Where to listen; others may reach it"],
    ["`WEIR_FROM`", "`--from`, `--to`", "In this time"],
    ["`WEIR_TO`", "`--from`, `--to`", "In this time"],
  ]);
});

test("what two entries export stands in the first, and a name that says nothing is an error", () => {
  const shared = { id: "a.d.ts:1", comment: "/** Shared. */", code: "function a(): void;", members: [] };
  const entry = (name: string) => ({
    comment: "/** An entry. */",
    exports: [{ name, kind: "value" as const, declarations: [shared] }],
    augmentations: [],
  });
  const places: Places = new Map();
  expect(entryPage({ specifier: "one", page: "one.md", entry: entry("a") }, places)).toContain(
    "### a\n\nShared.",
  );
  const second = entryPage({ specifier: "two", page: "two.md", entry: entry("a") }, places);
  expect(second).toContain("[`a`](one.md#a) | Shared.");
  expect(second).not.toContain("### a");
  const silent = {
    ...entry("b"),
    exports: [{ name: "b", kind: "type" as const, declarations: [{ ...shared, id: "b", comment: "" }] }],
  };
  expect(() => entryPage({ specifier: "one", page: "one.md", entry: silent }, places)).toThrow(
    "b of one: expected a doc comment",
  );
});
