/**
 * What undoes the work of a run that failed: in reverse order, each once, also when the process dies on the way. That it
 * has begun is noted first; who goes on with the run then undoes, and does nothing new.
 */
import type { EndStatus } from "../attributes.ts";
import { diagnose } from "../diagnostics.ts";
import { describeError } from "../errors.ts";
import type { ProgramChanged } from "../run/index.ts";
import { childPath, openUnitStep, ROOT } from "../run/index.ts";
import type { Ledger } from "./ledger.ts";
import { noteFailure } from "./note-failure.ts";
import type { RunFacts, Surroundings } from "./run-facts.ts";

interface Rollback {
  readonly path: string;
  readonly name: string;
  fn(error: unknown): unknown;
}

/** How the run is to end once it is undone. */
export interface Begun {
  readonly status: EndStatus;
  readonly error: unknown;
}

/** The run that is undone. */
interface Undone {
  readonly facts: Pick<RunFacts, "id">;
  readonly ledger: Ledger;
  readonly around: Pick<Surroundings, "clock">;
  /** @returns the error to throw */
  programChanged(path: string, journaled: string, found: string): ProgramChanged;
}

/** Where it is noted that it has begun. */
const BEGUN = childPath(ROOT, "begun", 1, "rollback");

export class Rollbacks {
  readonly #run: Undone;
  #registered: Rollback[] = [];

  constructor(run: Undone) {
    this.#run = run;
  }

  add(rollback: Rollback): void {
    this.#registered.push(rollback);
  }

  /** The next attempt registers them anew. */
  forget(): void {
    this.#registered = [];
  }

  /** That it has begun, in this process or one before. */
  begun(): Begun | undefined {
    return this.#run.ledger.recall(BEGUN)?.value as Begun | undefined;
  }

  /** @param unknown it is not known yet whether there is anything to undo */
  async begin(status: EndStatus, error: unknown, unknown = false): Promise<void> {
    if (this.#registered.length === 0 && !unknown) return;
    if (this.begun() !== undefined) return;
    const { ledger, around } = this.#run;
    const startedAt = around.clock.now();
    await noteFailure(
      (value) =>
        ledger.write({
          path: BEGUN,
          attempt: 1,
          kind: "rollback",
          name: "begun",
          status: "waiting",
          value: { status, error: value },
          startedAt,
        }),
      error,
    );
  }

  async run(error: unknown): Promise<void> {
    for (const rollback of this.#registered.toReversed()) await this.#undo(rollback, error);
  }

  async #undo({ path, name, fn }: Rollback, error: unknown): Promise<void> {
    const { facts, ledger, around } = this.#run;
    const before = ledger.recall(path);
    if (before !== undefined && before.name !== name)
      throw this.#run.programChanged(path, `rollback ${before.name}`, `rollback ${name}`);
    if (before !== undefined) return;
    const startedAt = around.clock.now();
    const note = { path, attempt: 1, kind: "rollback" as const, name, startedAt };
    const step = openUnitStep({ runId: facts.id, path, attempt: 1, name: shown(name) });
    try {
      await step.run(() => fn(error));
      await ledger.write({ ...note, status: "succeeded", endedAt: around.clock.now() });
      step.end();
    } catch (failure) {
      const { type, message } = describeError(failure);
      diagnose("rollback-failed", `run ${facts.id}: ${shown(name)} failed: ${type}: ${message}`, facts.id);
      await noteFailure(
        (value) => ledger.write({ ...note, status: "failed", value, endedAt: around.clock.now() }),
        failure,
      );
      step.fail(failure);
    }
  }
}

function shown(name: string): string {
  return `rollback ${name}`.trim();
}
