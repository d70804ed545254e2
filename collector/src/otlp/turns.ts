/** Lets so many do something at a time; the others wait for their turn, in the order they came. */
export function turns(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return async (work) => {
    if (busy >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      return await work();
    } finally {
      // The turn goes straight to the next, or someone who comes right now would be before it.
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}
