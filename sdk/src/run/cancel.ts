/** Cancellation: abort signals that are made from others, and what tells a cancellation from a failure. */
import { isAbort } from "../errors.ts";

/** What an abort gives as its reason where nobody gave a better one. */
export function abortError(message: string): DOMException {
  return new DOMException(message, "AbortError");
}

/** What work ends with that took longer than it may. */
export function timeoutError(message: string): DOMException {
  return new DOMException(message, "TimeoutError");
}

/** A signal of its own that also aborts with others, until it is disposed of. */
export interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal;
  /** @param reason what the signal's `reason` is then; text becomes an `AbortError` */
  abort(reason: unknown): void;
}

/**
 * Aborts when any of `parents` does, with its very reason. Disposing of it lets go of the parents, so that a signal that
 * lives as long as the process keeps nothing of the runs that came and went; `AbortSignal.any` leaves that to
 * the garbage collector.
 *
 * @example
 * const linked = linkSignals(run.signal);
 * await fn(linked.signal).finally(() => linked[Symbol.dispose]());
 */
export function linkSignals(...parents: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const undo: (() => void)[] = [];
  const release = () => {
    for (const each of undo.splice(0)) each();
  };
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      controller.abort(parent.reason);
      break;
    }
    const follow = () => controller.abort(parent.reason);
    parent.addEventListener("abort", follow, { once: true });
    undo.push(() => parent.removeEventListener("abort", follow));
  }
  controller.signal.addEventListener("abort", release, { once: true });
  if (controller.signal.aborted) release();
  return {
    signal: controller.signal,
    abort(reason) {
      controller.abort(typeof reason === "string" ? abortError(reason) : reason);
    },
    [Symbol.dispose]: release,
  };
}

/**
 * How work ended that threw: as cancelled where it threw an `AbortError`, or the very reason that its own signal was
 * aborted with; as failed otherwise. Work that ran into a timeout failed, though its signal was aborted.
 */
export function endingOf(thrown: unknown, signal?: AbortSignal): "cancelled" | "failed" {
  if (isAbort(thrown)) return "cancelled";
  return signal?.aborted === true && thrown === signal.reason && !isTimeout(thrown) ? "cancelled" : "failed";
}

function isTimeout(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "TimeoutError";
}
