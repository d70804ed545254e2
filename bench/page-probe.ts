/// <reference lib="dom" />
/** What the benchmark of the page runs in the browser. Each function is sent there as text: it knows nothing around it. */

/** Before any code of the page: notes when a row of the list takes the focus by `j`, milliseconds after the load began. */
export function noteFirstAnswer(): void {
  const press = () => {
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
    if (document.activeElement?.matches("[data-row-link]")) {
      Object.assign(globalThis, { firstAnswerAt: performance.now() });
    } else setTimeout(press, 1);
  };
  press();
}

/** Before any code of the page: notes when a flow's steps are there, milliseconds after the load began. */
export function noteFirstStep(): void {
  const look = () => {
    if (document.querySelector("[role=treeitem]") === null) return void setTimeout(look, 1);
    // Behind the frame that draws it.
    requestAnimationFrame(() =>
      setTimeout(() => Object.assign(globalThis, { firstAnswerAt: performance.now() })),
    );
  };
  look();
}

/** What one of them noted; 0 as long as it has not. */
export function firstAnswer(): number {
  return (globalThis as { firstAnswerAt?: number }).firstAnswerAt ?? 0;
}

/** For each step of that flow's row: when the frame began that shows it, milliseconds since 1970. */
export function noteSteps(tell: string): void {
  const known = new Set<string>();
  const look = () => {
    const step = document.querySelector("[data-column=where] code")?.textContent ?? "";
    if (step === "" || known.has(step)) return;
    known.add(step);
    requestAnimationFrame(() => {
      const at = performance.timeOrigin + performance.now();
      (globalThis as unknown as Record<string, (step: string, at: number) => void>)[tell]?.(step, at);
    });
  };
  new MutationObserver(look).observe(document.body, { childList: true, characterData: true, subtree: true });
}
