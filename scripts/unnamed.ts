/** Who hosts Weir: no file can know before somebody does, and none may claim it. */

/** Stands in `.github/CODEOWNERS` for the organisation that hosts the repository. */
const NOBODY = "@OWNER/";

/** What of a package's manifest says so. */
export interface Named {
  repository?: { url?: string; directory?: string };
}

/**
 * What must be named before packages are published, each with how.
 *
 * @param owners the text of `.github/CODEOWNERS`
 * @param manifests by folder
 * @example unnamed("* @acme/platform", { sdk: { repository: { url: "git+https://git.acme.example/weir.git", directory: "sdk" } } }) // []
 */
export function unnamed(owners: string, manifests: Readonly<Record<string, Named>>): string[] {
  const missing: string[] = [];
  for (const [folder, { repository }] of Object.entries(manifests)) {
    if (repository?.url && repository.directory === folder) continue;
    missing.push(
      `${folder}/package.json: expected "repository" to say where this is hosted, got ${JSON.stringify(repository) ?? "nothing"}; ` +
        `in ${folder}: npm pkg set repository.type=git repository.url=git+https://HOST/OWNER/weir.git repository.directory=${folder}`,
    );
  }
  if (owners.includes(NOBODY)) {
    missing.push(
      `.github/CODEOWNERS: expected teams that there are, got ${NOBODY}…; put your organisation in its place`,
    );
  }
  return missing;
}
