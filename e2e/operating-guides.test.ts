/** Every command and program of the guides to keys and to keeping flows, typed in their order, and what they promise. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FlowPage } from "@weir/collector/schemas";
import { afterAll, expect, test } from "vitest";
import { freePort } from "../scripts/free-port.ts";
import { readGuide } from "./support/guide.ts";
import { GuideFolder } from "./support/reader-folder.ts";
import { runGuide } from "./support/run-guide.ts";

const folders = new GuideFolder();
afterAll(() => folders[Symbol.dispose]());

test("guides/keys: a key closes the collector, is bound to its tenant, and a revoked one is refused", async () => {
  const guide = readGuide("docs/guides/keys.md");
  const port = await freePort();
  await runGuide(guide, { folders, name: "keys", collector: port }, async () => {
    const flows = async (name: string) =>
      await fetch(`http://127.0.0.1:${port}/api/v1/flows`, {
        headers: { authorization: `Bearer ${keyIn(`${name}.key`)}` },
      });
    const { flows: seen } = (await (await flows("admin")).json()) as FlowPage;
    expect(seen.map(({ tenant, id }) => `${tenant} ${id}`)).toEqual(["acme-corp order-17"]);
    expect((await flows("importer")).status).toBe(403);
    expect((await flows("dashboard")).status).toBe(401);
  });
});

test("guides/retention: flows are pruned, copied, brought back and moved while the server runs", async () => {
  const guide = readGuide("docs/guides/retention.md");
  const today = new Date().toLocaleDateString("sv");
  expect(guide.commands.length).toBeGreaterThan(7);
  const collector = await freePort();
  await runGuide(guide, { folders, name: "retention", collector }, async () => {
    const [first = ""] = readFileSync(join(folders.path, "retention", "acme.ndjson"), "utf8").split("\n");
    expect(JSON.parse(first)).toBeTypeOf("object");
    for (const file of [`weir-${today}.db`, "restored.db", "other.db"]) {
      expect(readFileSync(join(folders.path, "retention", file)).toString("latin1", 0, 15)).toBe(
        "SQLite format 3",
      );
    }
  });
});

function keyIn(file: string): string {
  return readFileSync(join(folders.path, "keys", file), "utf8").trim();
}
