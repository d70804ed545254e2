/** However busy the page is, it waits no longer. Milliseconds. */
const longest = 1_000;

/** When the page has drawn what there is to draw. */
export function whenIdle(): Promise<void> {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: longest });
    // A Safari without it: behind the next frame.
    else requestAnimationFrame(() => setTimeout(resolve));
  });
}
