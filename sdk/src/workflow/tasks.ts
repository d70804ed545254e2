/** What `parallel` and `race` have in common: tasks, made from the state or given. */
import { checkFunction, checkKey } from "./checks.ts";
import type { Course, Frame } from "./part.ts";
import type { Work } from "./work.ts";

/** One of several pieces of work; what it returns is its result. */
export type Task<T> = (work: Work) => T | PromiseLike<T>;

/** Tasks, or a function that makes them from the state. */
export type Tasks<S, Ts extends readonly Task<unknown>[]> = Ts | ((state: S) => Ts);

/** Of any of them. */
export type ResultOf<Ts extends readonly Task<unknown>[]> = Awaited<ReturnType<Ts[number]>>;

type AnyTask = (work: Work) => unknown;

/** @throws {TypeError} what is known to be wrong before it runs */
export function checkTasks(what: string, tasks: unknown): void {
  if (Array.isArray(tasks)) checkList(what, tasks);
  else checkFunction(what, tasks);
}

export function checkCollect(what: string, collectAs: unknown): void {
  if (collectAs !== undefined) checkKey(`${what}: collectAs`, collectAs);
}

/** @throws {TypeError} */
export function tasksFor(what: string, tasks: unknown, state: unknown): readonly AnyTask[] {
  return checkList(what, typeof tasks === "function" ? tasks(state) : tasks);
}

function checkList(what: string, tasks: unknown): readonly AnyTask[] {
  if (!Array.isArray(tasks))
    throw new TypeError(`${what}: expected an array of tasks, got ${tasks === null ? "null" : typeof tasks}`);
  const wrong = tasks.findIndex((task) => typeof task !== "function");
  if (wrong >= 0)
    throw new TypeError(
      `${what}: expected tasks to be functions, got ${typeof tasks[wrong]} as task ${wrong + 1}: write () => fetch(url)`,
    );
  return tasks as readonly AnyTask[];
}

/** Puts what was collected into the state as it is now, so that signals which came meanwhile stay. */
export function collect(
  run: Course,
  frame: Frame,
  key: string | undefined,
  value: unknown,
  what: string,
): void {
  if (key !== undefined) run.write(frame, { ...(run.read(frame) as object), [key]: value }, what);
}
