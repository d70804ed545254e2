/** A PostgreSQL of its own, as it comes: what a store that needs one is measured on. */
import { execFile } from "node:child_process";
import { chownSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { startProgram } from "../e2e/support/processes.ts";
import { freePort } from "../scripts/free-port.ts";
import { getSystemParts, POSTGRES } from "../scripts/system-parts.ts";

const run = promisify(execFile);

export interface RunningPostgres {
  /** Of the server, for the user `postgres`; names no database. */
  url: string;
  stop(): Promise<void>;
}

/** @returns `undefined` where there is none and none can be installed; one line on stderr has said so */
export async function startPostgres(): Promise<RunningPostgres | undefined> {
  const [postgres] = await getSystemParts([POSTGRES]);
  if (postgres === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "weir-postgres-"));
  const files = join(folder, "files");
  const owner = await ownerOf(folder);
  const port = await freePort();
  const initdb = ["-D", files, "-U", "postgres", "--auth=trust"];
  await run(join(dirname(realpathSync(postgres)), "initdb"), initdb, { ...owner, cwd: folder });
  const args = ["-D", files, "-h", "127.0.0.1", "-p", `${port}`, "-k", folder];
  const server = startProgram(postgres, args, {}, owner);
  await server.printed(/ready to accept connections/);
  return {
    url: `postgresql://postgres@127.0.0.1:${port}`,
    async stop() {
      // Its fast way down; SIGTERM would wait for its clients.
      await server.stop("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** It refuses to run as root, so there it runs as the user that its package made. */
async function ownerOf(folder: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid = Number.NaN, gid = Number.NaN] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, "postgres"])).stdout)),
  );
  chownSync(folder, uid, gid);
  return { uid, gid };
}
