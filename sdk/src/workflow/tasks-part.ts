/** What `parallel` and `race` are alike in: tasks beside one another, with a time for all of them. */
import { type Course, type Frame, Part, type Verdict } from "./part.ts";
import type { Begun, Pool } from "./pool.ts";
import { collect } from "./tasks.ts";

export interface TasksOptions {
  name?: string | undefined;
  collectAs?: string | undefined;
  timeout?: number | undefined;
}

/** In the order of the tasks; `undefined` while one has not ended. */
export type Results = (PromiseSettledResult<unknown> | undefined)[];

export interface Running extends Begun {
  readonly pool: Pool;
  readonly results: Results;
  /** Their time is over. */
  late?: DOMException;
}

export abstract class TasksPart<Options extends TasksOptions> extends Part {
  override readonly name: string | undefined;
  protected readonly tasks: unknown;
  protected readonly options: Options;
  /** In messages. */
  protected readonly what: string;

  constructor(type: "parallel" | "race", tasks: unknown, options: Options) {
    super();
    this.tasks = tasks;
    this.options = options;
    this.name = options.name ?? options.collectAs;
    this.what = this.name === undefined ? type : `${type} ${this.name}`;
  }

  override works(frame: Frame): boolean {
    return runningAt(frame) === undefined;
  }

  step(run: Course, frame: Frame): Verdict {
    const running = runningAt(frame) ?? this.#begin(run, frame);
    return this.goOn(run, frame, running);
  }

  protected abstract begin(run: Course, frame: Frame): Running;

  /** Called whenever some tasks have ended, or their time is over. */
  protected abstract goOn(run: Course, frame: Frame, running: Running): Verdict;

  protected collect(run: Course, frame: Frame, value: unknown): void {
    collect(run, frame, this.options.collectAs, value, this.what);
  }

  #begin(run: Course, frame: Frame): Running {
    const running = this.begin(run, frame);
    frame.data = running;
    const { timeout } = this.options;
    if (timeout !== undefined)
      running.pool.work.limit(run.clock, timeout, this.what, (error) => {
        running.late = error;
        run.wake(frame);
      });
    return running;
  }
}

/** What comes back after a crash has no pool. */
function runningAt({ data }: Frame): Running | undefined {
  const running = data as Running | undefined;
  return running?.pool === undefined ? undefined : running;
}
