/** At once, then at most every `ms`; the last call is never lost. */
export function throttle(run: () => void, ms: number): { (): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const tick = () => {
    timer = undefined;
    if (again) throttled();
  };
  const throttled = () => {
    again = timer !== undefined;
    if (again) return;
    timer = setTimeout(tick, ms);
    run();
  };
  throttled.cancel = () => {
    clearTimeout(timer);
    timer = undefined;
    again = false;
  };
  return throttled;
}
