import { useSyncExternalStore } from "react";

let said = "";
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const lasts = 2_000;

function set(text: string): void {
  said = text;
  for (const listener of listeners) listener();
}

/** Says in a few words, at the foot of the page and to screen readers, that something was done. */
export function say(text: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => set(""), lasts);
  set(text);
}

export function useSaid(): string {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => said,
  );
}
