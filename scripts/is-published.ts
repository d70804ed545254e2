import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Whether npm's registry has a version of a package: one that is there can't be published again.
 *
 * @param spec such as `@weir/sdk@0.1.0`
 * @throws where the registry can't be asked, with what npm said
 * @example if (!(await isPublished("@weir/sdk@0.1.0"))) publish();
 */
export async function isPublished(spec: string): Promise<boolean> {
  try {
    const { stdout } = await execute("npm", ["view", spec, "version", "--no-update-notifier"]);
    return stdout.trim() !== "";
  } catch (error) {
    // No version of it was ever published.
    if (/\bE404\b/.test((error as { stderr?: string }).stderr ?? "")) return false;
    throw error;
  }
}
