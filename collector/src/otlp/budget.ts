/**
 * Bytes of the bodies in hand, in all doors together: being read, inflated, decoded, or waiting for their commit.
 * Each request claims what it holds as it grows, and gives all of it back when it has been answered. Without this
 * the bound on one body would be no bound on many at once.
 */
import { WeirError } from "../errors.ts";

export interface Claim {
  /** @throws {WeirError} `overloaded` when so much more is not to be had; the claim keeps what it has. */
  add(bytes: number): void;
}

export class Budget {
  readonly #limit: number;
  #held = 0;
  #claims = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are claimed now. */
  get held(): number {
    return this.#held;
  }

  /** Requests that hold a claim now. */
  get claims(): number {
    return this.#claims;
  }

  /** Runs `work` with a claim of its own, which ends with it. */
  async hold<T>(work: (claim: Claim) => Promise<T>): Promise<T> {
    let mine = 0;
    this.#claims += 1;
    try {
      return await work({
        add: (bytes) => {
          if (this.#held + bytes > this.#limit) {
            throw new WeirError("overloaded", "more comes in than can be held: send it again later");
          }
          this.#held += bytes;
          mine += bytes;
        },
      });
    } finally {
      this.#held -= mine;
      this.#claims -= 1;
    }
  }
}
