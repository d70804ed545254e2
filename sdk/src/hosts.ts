/**
 * Which hosts may be told whose flow it is. Names and addresses of the inside by default; what is public must be
 * listed. By host alone: a path or a query can be chosen by a stranger. Pure.
 */
import { isIPv4, isIPv6 } from "node:net";

const INSIDE_SUFFIXES = [".local", ".internal", ".svc", ".localhost"];

/**
 * Whether flow identity may be sent to a host: loopback, private addresses, single-label names,
 * `*.local`, `*.internal`, `*.svc`, and what `allow` lists.
 *
 * @param host a host name or address, with or without a port; case is ignored
 * @param allow names (`api.mycompany.com`), `*.mycompany.com` for all below it, or `*` for everyone
 * @example
 * mayReceive("10.0.0.7:8080", []); // true
 * mayReceive("eu.api.mycompany.com", ["*.mycompany.com"]); // true
 * mayReceive("api.stripe.com", []); // false
 */
export function mayReceive(host: string, allow: readonly string[]): boolean {
  const name = bareHost(host);
  if (name === "") return false;
  for (const pattern of allow) if (matches(name, pattern)) return true;
  if (isIPv4(name)) return isInsideV4(name);
  if (isIPv6(name)) return isInsideV6(name);
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name) || endsInNumber(name)) return false;
  return !name.includes(".") || INSIDE_SUFFIXES.some((suffix) => name.endsWith(suffix));
}

function matches(name: string, pattern: string): boolean {
  if (pattern === "*") return true;
  const wanted = pattern.toLowerCase();
  return wanted.startsWith("*.") ? name.endsWith(wanted.slice(1)) : name === bareHost(wanted);
}

/** Lower case, without port, brackets, zone and the final dot of a full name. */
function bareHost(host: string): string {
  const lower = host.trim().toLowerCase();
  if (lower.startsWith("[")) return lower.slice(1, lower.indexOf("]")).replace(/%.*$/, "");
  if (isIPv6(lower)) return lower.replace(/%.*$/, "");
  return lower.replace(/:\d*$/, "").replace(/\.$/, "");
}

/** `134744072` and `0x8080808` are single labels to look at, and 8.8.8.8 to the resolver. */
function endsInNumber(name: string): boolean {
  return /(^|\.)(\d+|0x[0-9a-f]*)$/.test(name);
}

function isInsideV4(address: string): boolean {
  const [a = 0, b = 0] = address.split(".").map(Number);
  return (
    a === 127 ||
    a === 10 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    address === "0.0.0.0"
  );
}

function isInsideV6(address: string): boolean {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  if (canonical === "::1" || canonical === "::") return true;
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonical);
  if (mapped !== null) {
    const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
    return isInsideV4([high >> 8, high & 255, low >> 8, low & 255].join("."));
  }
  return /^f[cd]/.test(canonical) || /^fe[89ab]/.test(canonical);
}
