import { detailOf, WeirError } from "../errors.ts";

/**
 * What the store can't do now it may later: whatever the cause, the sender shall try again.
 *
 * @param warn hears of causes that nobody foresaw
 * @throws {WeirError} `overloaded` or `unavailable`
 */
export async function orLater<T>(work: Promise<T>, warn: (line: string) => void): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof WeirError && (cause.code === "unavailable" || cause.code === "overloaded"))
      throw cause;
    warn(`spans were not kept: ${detailOf(cause)}`);
    throw new WeirError("unavailable", "the store did not keep the spans; send them again", { cause });
  }
}
