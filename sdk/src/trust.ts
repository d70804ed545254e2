/**
 * From whom flow identity is taken: what a stranger sends must not end up in a customer's flow. Pure.
 */
import { isIP } from "node:net";
import { mayReceive } from "./hosts.ts";

/** Who sent a request. */
export interface Peer {
  /** The address at the other end of the connection; `undefined` where it is not known. */
  address: string | undefined;
  /** What came with the request; lower-case keys. */
  headers: Readonly<Record<string, unknown>>;
}

/** From whom flow identity is taken: peers of the inside, anyone, nobody, or whom the function says. */
export type AcceptFrom = "inside" | "anyone" | "nobody" | ((peer: Peer) => boolean);

/**
 * Whether the identity that `peer` sent counts. An address of the inside is loopback or private, also where an IPv4
 * address is written as IPv6. Where the address is not known, as after the connection was cut, it is not inside.
 * May throw what the user's function throws.
 *
 * @example
 * isAccepted("inside", { address: "::ffff:10.0.0.7", headers: {} }); // true
 * isAccepted("inside", { address: "203.0.113.9", headers: {} }); // false
 */
export function isAccepted(from: AcceptFrom, peer: Peer): boolean {
  if (typeof from === "function") return from(peer) === true;
  if (from !== "inside") return from === "anyone";
  const address = peer.address?.replace(/%.*$/, "") ?? "";
  return isIP(address) !== 0 && mayReceive(address, []);
}
