/** What is told of a commit: each flow that it changed once, as it stands after it. */
import type { FlowEvent, Step } from "../flow.ts";
import { eventsOf, type FlowState, type Picture } from "../fold/index.ts";

/** A flow that a commit changed. */
export interface Written {
  picture: Picture;
  steps: Step[];
  /** Of which nothing was known before. */
  events: FlowEvent[];
}

/** What was written of a flow at once. */
interface Change {
  state: FlowState;
  picture: Picture;
  steps: ReadonlySet<string>;
  /** Events of which nothing was known before. */
  noted: ReadonlySet<string>;
}

export class Told {
  readonly #changes = new Map<string, Change>();

  /** @param name the flow's key as text. One that is written again is told with what was told before. */
  add(name: string, change: Change): void {
    const before = this.#changes.get(name);
    this.#changes.set(
      name,
      before === undefined
        ? change
        : {
            ...change,
            steps: before.steps.union(change.steps),
            noted: before.noted.union(change.noted),
          },
    );
  }

  all(): Written[] {
    return [...this.#changes.values()].map(({ state, picture, steps, noted }) => ({
      picture,
      steps: picture.steps.filter((step) => steps.has(step.id)),
      events: eventsOf(state, noted),
    }));
  }
}
