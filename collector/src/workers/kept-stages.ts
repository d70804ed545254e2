/**
 * A flow in two stages from a thread: its outline is handed over before the whole is written, which takes as long again.
 * The flow is read once: the thread keeps it in between.
 */
import { WeirError } from "../errors.ts";
import type { Answers, Stages } from "../http/answers.ts";
import type { Thread } from "../threads/thread.ts";
import type { ReaderCalls } from "./calls.ts";

/** Each is asked for as soon as its outline is there: there are more only where many large flows are opened at once. */
const MOST_KEPT = 4;

/** In the thread. */
export class KeptStages {
  readonly #answers: Pick<Answers, "stages">;
  /** Oldest first. */
  readonly #kept = new Map<number, NonNullable<Stages["whole"]>>();
  #last = 0;

  constructor(answers: Pick<Answers, "stages">) {
    this.#answers = answers;
  }

  outline: ReaderCalls["outlineBytes"] = async ({ key, sees }) => {
    const stages = await this.#answers.stages(key, sees);
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
export function answersOn(reader: () => Pick<Thread<ReaderCalls>, "call">): Answers {
  const flow: Answers["flow"] = (key, sees) => reader().call("flowBytes", { key, sees });
  return {
    to: (question, asked, sees) => reader().call("answer", { question, asked, sees }),
    flow,
    async stages(key, sees) {
      const thread = reader();
      const begun = await thread.call("outlineBytes", { key, sees });
      if (begun === undefined) return undefined;
      const { outline, whole: number } = begun;
      if (number === null) return { outline, whole: null };
      // At once: also where nobody reads on, it is kept no longer.
      const rest = thread.call("wholeBytes", number);
      rest.catch(() => {});
      return {
        outline,
        async whole() {
          const bytes = (await rest) ?? (await flow(key, sees));
          if (bytes === undefined) throw new WeirError("not_found", "the flow was deleted meanwhile");
          return bytes;
        },
      };
    },
  };
}
