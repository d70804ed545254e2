/** A registry on the loopback that has Weir's packages as they would be published, and nothing else. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface Registry {
  url: string;
  stop(): void;
}

interface Manifest {
  name: string;
  version: string;
}

/**
 * @param tarballs what `npm run pack` makes
 * @example writeFileSync(".npmrc", `@weir:registry=${(await startRegistry(tarballs)).url}`);
 */
export async function startRegistry(tarballs: string[]): Promise<Registry> {
  const bodies = new Map<string, Buffer | string>();
  const server = createServer((request, response) => {
    const body = bodies.get(decodeURIComponent(request.url ?? ""));
    response.writeHead(body === undefined ? 404 : 200).end(body ?? "{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const path of tarballs) {
    const tarball = readFileSync(path);
    const manifest = manifestIn(tarball);
    const { name, version } = manifest;
    const file = `/${name}/-/${version}.tgz`;
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    bodies.set(file, tarball);
    bodies.set(
      `/${name}`,
      JSON.stringify({
        name,
        "dist-tags": { latest: version },
        versions: { [version]: { ...manifest, dist: { tarball: url + file, integrity } } },
        // Long ago: package managers may wait with what is new.
        time: { [version]: "2020-01-01T00:00:00.000Z" },
      }),
    );
  }
  return {
    url,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A tar file is blocks of 512 bytes: for each file its header, with name and size, and then its content. */
function manifestIn(tarball: Buffer): Manifest {
  const tar = gunzipSync(tarball);
  const text = (from: number, length: number) =>
    tar.toString("utf8", from, from + length).split("\0")[0] ?? "";
  for (let at = 0; at + 512 <= tar.length; ) {
    const size = Number.parseInt(text(at + 124, 12), 8) || 0;
    if (text(at, 100) === "package/package.json")
      return JSON.parse(tar.toString("utf8", at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error("expected a package.json in the tarball, got none");
}
