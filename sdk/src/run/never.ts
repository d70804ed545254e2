/**
 * For work that must go no further in this process, as another may have it already. Each waits for a promise of its own
 * that nobody else holds, and so goes when it is forgotten; nothing after its `await` runs, `finally` included.
 */
export function never(): Promise<never> {
  return new Promise(() => {});
}
