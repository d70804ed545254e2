/**
 * The certificates that the environment names for the connection to the collector, as OpenTelemetry's exporter reads
 * them; ours, as it reads them only into an agent of its own.
 */
import { readFileSync } from "node:fs";
import { diagnose } from "./diagnostics.ts";

/** As the options of `node:https` have them. */
export interface Certificates {
  /** Whom to trust. */
  ca?: Buffer;
  /** Our own, for a collector that asks for one. */
  cert?: Buffer;
  key?: Buffer;
}

const VARIABLES = { ca: "CERTIFICATE", cert: "CLIENT_CERTIFICATE", key: "CLIENT_KEY" } as const;

/** Reads the files that are named. One that can't be read is left out, which a diagnostic says. */
export function certificatesFrom(env: Readonly<Record<string, string | undefined>>): Certificates {
  const found: Certificates = {};
  for (const [option, name] of Object.entries(VARIABLES) as [keyof Certificates, string][]) {
    const variables = [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`];
    const variable = variables.find((each) => env[each]?.trim());
    if (variable === undefined) continue;
    const path = env[variable]?.trim() ?? "";
    try {
      found[option] = readFileSync(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      diagnose(
        "bad-option",
        `setup: expected ${variable} to name a file that can be read, got ${JSON.stringify(path)} (${code}): it is left out`,
        variable,
      );
    }
  }
  return found;
}
