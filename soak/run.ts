// What `npm run soak -- NAME` runs: what takes too long for the tests. Each soak says what it saw, and fails by throwing.
import { parseArgs } from "node:util";
import { durable } from "./durable.ts";
import { fuzz } from "./fuzz.ts";
import { kill } from "./kill.ts";
import { overload } from "./overload.ts";
import type { Soak } from "./soak.ts";

const SOAKS: Record<string, Soak> = { durable, fuzz, kill, overload };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string" }, seed: { type: "string" } },
});
const [name = ""] = positionals;
const soak = Object.hasOwn(SOAKS, name) ? SOAKS[name] : undefined;
if (soak === undefined) {
  const known = Object.entries(SOAKS).map(
    ([each, { what, count }]) => `  ${each.padEnd(10)}${what} (--count ${count})\n`,
  );
  console.error(`soak: expected the name of one, got ${JSON.stringify(name)}\n\n${known.join("")}`);
  process.exit(2);
}
const count = wholeNumber("count", values.count ?? String(soak.count));
const seed = wholeNumber("seed", values.seed ?? String(Date.now() % 2 ** 31));
console.log(`soak: ${name} --count ${count} --seed ${seed}`);
await soak.run({ count, seed, say: (line) => console.log(`soak: ${line}`) });
console.log("soak: ok");

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  console.error(`soak: --${flag}: expected a whole number, got ${JSON.stringify(text)}`);
  process.exit(2);
}
