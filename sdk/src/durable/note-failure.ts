/** Errors that are too large to be kept, or hold what can't be. */
import { describeError } from "../errors.ts";
import { NotEncodable, ValueTooLarge } from "../run/index.ts";

/** Notes what was thrown; where that can't be kept, its text. @param write throws before it has written anything */
export async function noteFailure(
  write: (error: unknown) => Promise<void> | undefined,
  thrown: unknown,
): Promise<void> {
  try {
    await write(thrown);
  } catch (unkeepable) {
    if (!(unkeepable instanceof NotEncodable || unkeepable instanceof ValueTooLarge)) throw unkeepable;
    const { type, message } = describeError(thrown);
    await write(new Error(`${type}: ${message}`));
  }
}
