/** A workflow as a step of another. */
import { type Course, DONE, type Frame, Part, type Verdict } from "./part.ts";

export class Nested extends Part {
  readonly type = "workflow";
  override readonly name: string;
  override readonly under: string | undefined;
  override readonly children: readonly Part[];
  readonly #initialState: object;

  /** @param under the key of the outer state that has the inner one; `undefined`: they are the same */
  constructor(name: string, root: Part, initialState: object, under: string | undefined) {
    super();
    this.name = name;
    this.children = [root];
    this.under = under;
    this.#initialState = initialState;
  }

  step(run: Course, frame: Frame): Verdict {
    if (frame.at > 0) return DONE;
    frame.at = 1;
    if (this.under !== undefined) {
      const outer = run.read(frame) as Record<string, unknown>;
      if (outer[this.under] === undefined)
        run.write(frame, { ...outer, [this.under]: this.#initialState }, `workflow ${this.name}`);
    }
    return 0;
  }
}
