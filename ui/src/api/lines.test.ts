import fc from "fast-check";
import { expect, test } from "vitest";
import { linesOf } from "./lines.ts";

async function linesIn(chunks: Uint8Array<ArrayBuffer>[]): Promise<string[]> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const lines: string[] = [];
  for await (const line of linesOf(body)) lines.push(line);
  return lines;
}

test("a body is cut at the ends of its lines, wherever it is cut on its way", async () => {
  const text = fc.stringMatching(/^[a-zäß€🙂"]{0,8}$/u);
  const cuts = fc.array(fc.nat(40), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 4 }), text, cuts, async (ended, last, cuts) => {
      const bytes = new TextEncoder().encode([...ended, last].join("\n"));
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
        (a, b) => a - b,
      );
      const chunks = places.slice(1).map((to, index) => bytes.slice(places[index], to));
      expect(await linesIn(chunks)).toEqual(last === "" ? ended : [...ended, last]);
    }),
  );
});

test("a line is there before the next one has come", async () => {
  let next: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  const lines = linesOf(
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        next = controller;
      },
    }),
  );
  next?.enqueue(new TextEncoder().encode("first\nsec"));
  expect(await lines.next()).toEqual({ value: "first", done: false });
  next?.enqueue(new TextEncoder().encode("ond\n"));
  next?.close();
  expect(await lines.next()).toEqual({ value: "second", done: false });
});
