/**
 * A flow in two stages from a thread: its outline is handed over before the whole is written, which takes as long again.
 * The flow is read once: the thread keeps it in between.
 */
import { WeirError } from "../errors.ts";
import type { FlowKey } from "../flow.ts";
import type { FlowBytes, Stages } from "../http/detail.ts";
import type { Thread } from "../threads/thread.ts";
import type { ReaderCalls } from "./calls.ts";

/** Each is asked for as soon as its outline is there: there are more only where many large flows are opened at once. */
const MOST_KEPT = 4;

/** In the thread. */
export class KeptStages {
  readonly #flowBytes: Pick<FlowBytes, "stages">;
  /** Oldest first. */
  readonly #kept = new Map<number, NonNullable<Stages["whole"]>>();
  #last = 0;

  constructor(flowBytes: Pick<FlowBytes, "stages">) {
    this.#flowBytes = flowBytes;
  }

  outline: ReaderCalls["outlineBytes"] = async (key) => {
    const stages = await this.#flowBytes.stages(key);
    if (stages === undefined) return undefined;
    const { outline, whole } = stages;
    if (whole === null) return { outline, whole };
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size === MOST_KEPT) this.#kept.delete(oldest);
    this.#kept.set(++this.#last, whole);
    return { outline, whole: this.#last };
  };

  whole: ReaderCalls["wholeBytes"] = async (number) => {
    const whole = this.#kept.get(number);
    this.#kept.delete(number);
    return (await whole?.()) ?? null;
  };
}

/** On the thread that asks it. */
export function flowBytesOn(reader: () => Pick<Thread<ReaderCalls>, "call">): FlowBytes {
  const whole = (key: FlowKey) => reader().call("flowBytes", key);
  return {
    whole,
    async stages(key) {
      const thread = reader();
      const begun = await thread.call("outlineBytes", key);
      if (begun === undefined) return undefined;
      const { outline, whole: number } = begun;
      if (number === null) return { outline, whole: null };
      // At once: also where nobody reads on, it is kept no longer.
      const rest = thread.call("wholeBytes", number);
      rest.catch(() => {});
      return {
        outline,
        async whole() {
          const bytes = (await rest) ?? (await whole(key));
          if (bytes === undefined) throw new WeirError("not_found", "the flow was deleted meanwhile");
          return bytes;
        },
      };
    },
  };
}
