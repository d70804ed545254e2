import { useEffect, useEffectEvent } from "react";

/** What keys do: `event.key` as the browser gives it, or two in a row such as `g f`. */
export type Bindings = Record<string, (event: KeyboardEvent) => void>;

type Press = (sequence: string, event: KeyboardEvent) => boolean;

/** The one key that waits for a second, for so many milliseconds. */
const prefix = "g";
const prefixLasts = 1_000;

/** The latest on top: what a page binds goes before what the frame around it binds. */
const listeners: Press[] = [];
let prefixUntil = Number.NEGATIVE_INFINITY;

/** Keys of what is shown, as long as nothing is being typed and no menu or dialog is open. */
export function useKeys(bindings: Bindings): void {
  const press = useEffectEvent((sequence: string, event: KeyboardEvent) => {
    const handle = Object.hasOwn(bindings, sequence) ? bindings[sequence] : undefined;
    if (!handle) return false;
    event.preventDefault();
    handle(event);
    return true;
  });
  useEffect(() => {
    const listener: Press = (sequence, event) => press(sequence, event);
    if (listeners.length === 0) document.addEventListener("keydown", onKeyDown);
    listeners.unshift(listener);
    return () => {
      listeners.splice(listeners.indexOf(listener), 1);
      if (listeners.length === 0) document.removeEventListener("keydown", onKeyDown);
    };
  }, []);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return;
  const isSecond = event.timeStamp < prefixUntil;
  prefixUntil = !isSecond && event.key === prefix ? event.timeStamp + prefixLasts : Number.NEGATIVE_INFINITY;
  const sequence = isSecond ? `${prefix} ${event.key}` : event.key;
  listeners.some((press) => press(sequence, event));
}

/** Someone types, or a menu takes the keys. */
function isTaken({ target }: KeyboardEvent): boolean {
  const takers =
    "input, textarea, select, [contenteditable], dialog, [role=menu], [role=listbox], [role=dialog]";
  return target instanceof Element && target.closest(takers) !== null;
}
