/** Asks the file something, so that what is wrong with the file is told as such. */
import { WeirError } from "../../errors.ts";
import { isFileError, reasonOf } from "./open.ts";

/**
 * A question that the file can't answer now is no fault of whoever asks.
 *
 * @throws {WeirError} `unavailable`, with the reason and what to do.
 */
export async function ask<T>(question: () => T): Promise<T> {
  try {
    return question();
  } catch (cause) {
    if (!isFileError(cause)) throw cause;
    throw new WeirError("unavailable", `store: ${reasonOf(cause)}`, { cause });
  }
}
