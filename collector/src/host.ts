/** What a host name says about who can reach it. */
import { isIP } from "node:net";

/** Whether only this machine can reach a server bound to `host`. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/**
 * Whether a `Host` header may be one of a server bound to loopback as `bound`. A page on the public web can point
 * a name of its own at 127.0.0.1 (DNS rebinding), but it can't choose an address or `localhost`.
 */
export function isOwnHost(header: string | undefined, bound: string): boolean {
  if (header === undefined) return true;
  const name = hostname(header).toLowerCase();
  return (
    name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0 || name === bound.toLowerCase()
  );
}

/** `[::1]:4318` → `::1`, `localhost:4318` → `localhost`. */
function hostname(header: string): string {
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(header);
  return bracketed?.[1] ?? header.replace(/:\d+$/, "");
}

/** An address as it stands in a URL. */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
