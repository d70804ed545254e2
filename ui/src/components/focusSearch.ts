import type { AnyRouter } from "@tanstack/react-router";

/** So long a page is waited for, milliseconds; then it has no search, or none that anybody waits for. */
const patience = 10_000;

/**
 * Goes to the page's search, where it has one. Where the page that was asked for is still on its way, it goes there
 * once it has come, and what is typed meanwhile is typed into it: it is no shortcut, and not for the page before.
 */
export function focusSearch(router: AnyRouter): void {
  if (isThere(router)) enter("");
  else typeAhead(router);
}

function typeAhead(router: AnyRouter): void {
  let typed = "";
  const until = performance.now() + patience;
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey || key === "Shift") return;
    if (key === "Escape" || key === "Tab") return stop();
    event.preventDefault();
    event.stopPropagation();
    if (key === "Backspace") typed = typed.slice(0, -1);
    else if ([...key].length === 1) typed += key;
  };
  const look = () => {
    if (!isThere(router) && performance.now() < until) frame = requestAnimationFrame(look);
    else {
      stop();
      enter(typed);
    }
  };
  const stop = () => {
    document.removeEventListener("keydown", onKeyDown, { capture: true });
    cancelAnimationFrame(frame);
  };
  document.addEventListener("keydown", onKeyDown, { capture: true });
  let frame = requestAnimationFrame(look);
}

/** The page that was asked for is drawn, and has what it shows. */
function isThere({ state: { status, location, resolvedLocation } }: AnyRouter): boolean {
  if (status !== "idle" || resolvedLocation?.href !== location.href) return false;
  return find() !== null || document.querySelector("main [role=status][aria-label=Loading]") === null;
}

function find(): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>("input[data-page-search]");
}

function enter(text: string): void {
  const search = find();
  search?.focus();
  search?.select();
  if (search === null || text === "") return;
  search.setRangeText(text, 0, search.value.length, "end");
  search.dispatchEvent(new Event("input", { bubbles: true }));
}
