/** Calls `cancel` when the user's signal is aborted, now or later; not after it was disposed of. */
export function following(signal: AbortSignal | undefined, cancel: (reason: unknown) => void): Disposable {
  const abort = () => cancel(signal?.reason);
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  return { [Symbol.dispose]: () => signal?.removeEventListener("abort", abort) };
}
