/**
 * Reads a guide of `docs/`, which is then followed as its reader would: its programs are written to a folder, its commands are
 * typed there, and the flows that it promises are looked for in a collector.
 *
 * - A block of TypeScript or Go begins with the name of its file: `// server.ts`. So does one of Python that is run:
 *   `# charge.py`.
 * - A block of `sh` is commands, one a line. One that ends in `&` goes on until the guide is over; it is up when it has
 *   printed something. What `npm install` names must be there; nothing is installed, also not by `pip`.
 * - A block of `text` is flows, as `drawn` draws them.
 *
 * Ports are free ones in place of those that the guide names, so that guides run beside whatever runs here.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/run.ts";

const FENCED = /^```(\w*)\n(.*?)^```$/gms;

export interface Guide {
  /** By file name. */
  programs: Record<string, string>;
  commands: string[];
  /** The flows that it promises, in the order of their start. */
  flows: string;
}

/**
 * @param path from the top folder
 * @throws where a program has no file name, or two have the same
 */
export function readGuide(path: string): Guide {
  const guide: Guide = { programs: {}, commands: [], flows: "" };
  const flows: string[] = [];
  for (const [, language = "", text = ""] of readFileSync(join(ROOT, path), "utf8").matchAll(FENCED)) {
    if (language === "ts" || language === "go" || language === "python") {
      const [, file] = /^(?:\/\/|#) (\S+\.(?:ts|go|py))\b/.exec(text) ?? [];
      if (file === undefined && language === "python") continue;
      if (file === undefined || file in guide.programs)
        throw new Error(
          `${path}: expected a file name of its own on the first line of a program, got:\n${text}`,
        );
      guide.programs[file] = text;
    } else if (language === "sh") guide.commands.push(...commandsOf(text));
    else if (language === "text") flows.push(text.trim());
  }
  guide.flows = flows.join("\n\n");
  return guide;
}

function commandsOf(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)# .*$/, "").trim())
    .filter((line) => line !== "");
}
