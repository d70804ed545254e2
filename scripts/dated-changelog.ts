const UNRELEASED = "## Unreleased\n";

/**
 * Puts what is unreleased under a version.
 *
 * @param date such as 2026-11-22
 * @throws where the changelog has no part of what is unreleased, or nothing in it
 * @example datedChangelog("## Unreleased\n\n- A fix\n", "0.2.0", "2026-11-22"); // "## Unreleased\n\n## 0.2.0 – 2026-11-22\n\n- A fix\n"
 */
export function datedChangelog(changelog: string, version: string, date: string): string {
  const start = changelog.indexOf(UNRELEASED);
  const rest = changelog.slice(start + UNRELEASED.length);
  const said = rest.split(/^## /m)[0]?.trim();
  if (start === -1 || !said)
    throw new Error(`CHANGELOG.md: expected what changed for users under ${UNRELEASED.trim()}, got nothing`);
  return `${changelog.slice(0, start)}${UNRELEASED}\n## ${version} – ${date}\n${rest}`;
}
