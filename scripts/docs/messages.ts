/** The lines that the collector and its commands print, as the code has them: what is put in is an ellipsis. */
import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../run.ts";

const COLLECTOR = join(ROOT, "collector");

/** Calls whose text ends up on a terminal or in the log. Answers to requests are told by their code, the doctor's findings with what to do. */
const PRINTS = [
  { files: "src/**/*.ts", call: /\bnew UsageError\(/g },
  {
    files: "src/{commands,sqlite,transfer,demo,workers,threads}/**/*.ts",
    call: /\bnew (?:WeirError|Error)\(/g,
  },
  { files: "src/**/*.ts", call: /\b(?:log\.(?:info|warn|error)|(?<!function )warn|this\.#warn)\(/g },
  { files: "{src/commands/**/*.ts,bin/*.mjs}", call: /\bprocess\.stderr\.write\(/g },
  // Why a server can't listen: a text for each code of the system.
  { files: "src/serve.ts", call: /\bswitch \(.*\) \{/g },
];

/** @returns each once, sorted */
export async function printedMessages(): Promise<string[]> {
  const messages = new Set<string>();
  for (const { files, call } of PRINTS) {
    for await (const file of glob(files, { cwd: COLLECTOR })) {
      const code = readFileSync(join(COLLECTOR, file), "utf8");
      for (const { index, 0: head } of code.matchAll(call)) {
        for (const text of textsIn(code, index + head.length)) messages.add(text);
      }
    }
  }
  // One word alone is a code or a name.
  return [...messages].filter((text) => /[a-z]{2}/i.test(text) && text.includes(" ")).sort();
}

/** The texts among the arguments of the call that begins at `from`; those joined by `+` are one. */
export function textsIn(code: string, from: number): string[] {
  const texts: string[] = [];
  let depth = 1;
  let at = from;
  let joins = false;
  while (depth > 0 && at < code.length) {
    const sign = code[at] as string;
    if (sign === '"' || sign === "`" || sign === "'") {
      const { text, end } = readText(code, at);
      if (joins) texts.push(`${texts.pop() ?? ""}${text}`);
      else texts.push(text);
      joins = false;
      at = end;
      continue;
    }
    if ("([{".includes(sign)) depth++;
    if (")]}".includes(sign)) depth--;
    if (sign === "+") joins = true;
    else if (sign === ",") joins = false;
    at++;
  }
  return texts.map((text) => text.replace(/\n$/, "").trim());
}

/** A string or template, from its quote on. */
function readText(code: string, from: number): { text: string; end: number } {
  const quote = code[from];
  let text = "";
  let at = from + 1;
  while (code[at] !== quote) {
    if (code[at] === "\\") {
      text += code[at + 1] === "n" ? "\n" : code[at + 1];
      at += 2;
    } else if (quote === "`" && code.startsWith("${", at)) {
      text += "…";
      at = endOfHole(code, at + 2);
    } else text += code[at++];
  }
  return { text, end: at + 1 };
}

/** Behind the brace that ends what is put in; texts in it may hold braces. */
function endOfHole(code: string, from: number): number {
  let depth = 1;
  let at = from;
  while (depth > 0) {
    const sign = code[at] as string;
    if (sign === '"' || sign === "`" || sign === "'") {
      at = readText(code, at).end;
      continue;
    }
    if (sign === "{") depth++;
    if (sign === "}") depth--;
    at++;
  }
  return at;
}
