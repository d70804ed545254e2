import type { StandardSchemaV1 } from "@standard-schema/spec";

/** A value that its schema does not allow. */
export class ValueInvalid extends Error {
  override readonly name = "ValueInvalid";
  /** What was checked: `set of requestId`. */
  readonly what: string;
  /** In the schema's own words. */
  readonly issues: readonly StandardSchemaV1.Issue[];

  constructor(what: string, issues: readonly StandardSchemaV1.Issue[]) {
    super(`${what}: expected what its schema allows, got ${said(issues)}`);
    this.what = what;
    this.issues = issues;
  }
}

const MAX_SAID = 5;

function said(issues: readonly StandardSchemaV1.Issue[]): string {
  const shown = issues.slice(0, MAX_SAID).map(({ message, path = [] }) => {
    const at = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return at === "" ? message : `${message} (at ${at})`;
  });
  return shown.join("; ") + (issues.length > MAX_SAID ? "; …" : "");
}
