/** Bounds how often an address may try to log in and fail. */
import { isIPv6 } from "node:net";

const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Addresses remembered; the oldest gives way. */
const MOST_ADDRESSES = 10_000;

interface Failures {
  count: number;
  until: number;
}

/**
 * An attempt counts as failed until it is known to have worked: many that come at once are as many.
 *
 * @example if (attempts.waitFor(ip) === 0) { attempts.begun(ip); if (await logIn()) attempts.worked(ip); }
 */
export class Attempts {
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  /** `now`: milliseconds, of any clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Seconds until the address may try again; 0: now. */
  waitFor(address: string): number {
    const failures = this.#current(networkOf(address));
    if (failures === undefined || failures.count < MOST_FAILURES) return 0;
    return Math.ceil((failures.until - this.#now()) / 1000);
  }

  begun(address: string): void {
    const network = networkOf(address);
    const failures = this.#current(network) ?? { count: 0, until: this.#now() + WINDOW_MS };
    failures.count += 1;
    this.#failures.delete(network);
    this.#failures.set(network, failures);
    if (this.#failures.size > MOST_ADDRESSES)
      this.#failures.delete(this.#failures.keys().next().value as string);
  }

  /** Takes one that was begun off again. */
  worked(address: string): void {
    const failures = this.#current(networkOf(address));
    if (failures !== undefined) failures.count -= 1;
  }

  get size(): number {
    return this.#failures.size;
  }

  #current(network: string): Failures | undefined {
    const failures = this.#failures.get(network);
    if (failures === undefined || failures.until > this.#now()) return failures;
    this.#failures.delete(network);
    return undefined;
  }
}

/** Of IPv6 the first 64 bits: one subscriber has all the rest to himself. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => "0");
  return [...before, ...zeros, ...after].slice(0, 4).join(":");
}
