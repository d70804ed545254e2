/** The page, built in memory when the server starts. */
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { build } from "vite";

export interface File {
  readonly type: string;
  readonly body: string | Uint8Array;
}

const TYPES: Record<string, string> = { html: "text/html", js: "text/javascript", css: "text/css" };

/** @returns each file by its path */
export async function buildPage(): Promise<Map<string, File>> {
  const root = fileURLToPath(new URL("../page", import.meta.url));
  const built = await build({
    root,
    configFile: false,
    logLevel: "warn",
    plugins: [react()],
    build: { write: false },
  });
  const outputs = Array.isArray(built) ? built : [built];
  const files = new Map<string, File>();
  for (const { output } of outputs as {
    output: { fileName: string; code?: string; source?: string | Uint8Array }[];
  }[])
    for (const { fileName, code, source } of output) {
      const type = TYPES[fileName.split(".").at(-1) ?? ""] ?? "application/octet-stream";
      files.set(fileName === "index.html" ? "/" : `/${fileName}`, { type, body: code ?? source ?? "" });
    }
  return files;
}
