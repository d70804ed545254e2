import { useEffect, useEffectEvent, useState } from "react";
import { isWhole, panned, type View, within, zoomed } from "./view.ts";

/** A turn of the wheel by 100 pixels comes this much closer. */
const perTurn = 1.25;
/** Shorter than this a drag is a click with an unsteady hand. */
const dragFrom = 4;

/** What can be done with the stretch of time that a waterfall shows. */
export interface ViewControl {
  view: View;
  isZoomed: boolean;
  zoom: (factor: number) => void;
  pan: (share: number) => void;
  fit: () => void;
  /** The stretch that is being drawn on the axis, in percent of its width. */
  drawn: { left: number; width: number } | undefined;
}

interface Drag {
  /** Where it began, in pixels, and what was seen then. */
  x: number;
  view: View;
  /** On the axis a stretch is drawn to look at; on the rows what is seen is moved. */
  draws: boolean;
}

/**
 * Zoom and pan over a timeline: wheel with Ctrl (or a pinch) and wheel sideways over `area`, drags over it. All of
 * `whole` is seen, however it grows, until someone comes closer.
 */
export function useView(whole: View, area: HTMLElement | null, axis: HTMLElement | null): ViewControl {
  const [chosen, setChosen] = useState<View>();
  const [drawn, setDrawn] = useState<ViewControl["drawn"]>();
  const view = chosen === undefined ? whole : within(chosen, whole);
  const choose = (next: View) => setChosen(isWhole(next, whole) ? undefined : next);

  const onWheel = useEffectEvent((event: WheelEvent) => {
    if (!axis) return;
    const { left, width } = axis.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
      const at = view.start + share * (view.end - view.start);
      choose(zoomed(view, whole, perTurn ** (event.deltaY / 100), at));
      return;
    }
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (chosen === undefined || Math.abs(sideways) < Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    choose(panned(view, whole, sideways / width));
  });

  const onDrag = useEffectEvent((event: PointerEvent, drag: Drag, isOver: boolean) => {
    if (!axis) return;
    const { left, width } = axis.getBoundingClientRect();
    const percent = (x: number) => (Math.min(Math.max(x - left, 0), width) / width) * 100;
    const [from, to] = [percent(drag.x), percent(event.clientX)].sort((a, b) => a - b) as [number, number];
    if (!drag.draws) {
      choose(panned(drag.view, whole, (drag.x - event.clientX) / width));
    } else if (!isOver) {
      setDrawn({ left: from, width: to - from });
    } else {
      setDrawn(undefined);
      const time = (share: number) => drag.view.start + (share / 100) * (drag.view.end - drag.view.start);
      choose(within({ start: time(from), end: time(to) }, whole));
    }
  });

  const begin = useEffectEvent((event: PointerEvent): Drag | undefined => {
    if (event.button !== 0 || event.pointerType === "touch" || !axis) return undefined;
    const draws = event.target instanceof Node && axis.contains(event.target);
    const { left, right } = axis.getBoundingClientRect();
    const isOverTime = event.clientX >= left && event.clientX <= right;
    return isOverTime && (draws || chosen !== undefined) ? { x: event.clientX, view, draws } : undefined;
  });

  useEffect(() => {
    if (!area) return;
    area.addEventListener("wheel", onWheel, { passive: false });
    const stopDrags = followDrags(area, begin, onDrag);
    return () => {
      area.removeEventListener("wheel", onWheel);
      stopDrags();
    };
  }, [area]);

  return {
    view,
    isZoomed: chosen !== undefined,
    zoom: (factor) => choose(zoomed(view, whole, factor)),
    pan: (share) => choose(panned(view, whole, share)),
    fit: () => setChosen(undefined),
    drawn,
  };
}

/** Calls `move` for each move of a drag that `begin` takes, the last time with `true`. The click that ends one is none. */
function followDrags(
  area: HTMLElement,
  begin: (event: PointerEvent) => Drag | undefined,
  move: (event: PointerEvent, drag: Drag, isOver: boolean) => void,
): () => void {
  let stop = () => {};
  const onDown = (event: PointerEvent) => {
    const drag = begin(event);
    if (!drag) return;
    let isDrag = false;
    const onMove = (moved: PointerEvent) => {
      isDrag ||= Math.abs(moved.clientX - drag.x) > dragFrom;
      if (isDrag) move(moved, drag, false);
    };
    const onUp = (up: PointerEvent) => {
      stop();
      if (!isDrag) return;
      move(up, drag, true);
      area.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => area.removeEventListener("click", swallow, { capture: true }));
    };
    stop = () => {
      window.removeEventListener("pointermove", onMove);
      window.removeEventListener("pointerup", onUp);
      window.removeEventListener("pointercancel", stop);
    };
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp);
    window.addEventListener("pointercancel", stop);
  };
  area.addEventListener("pointerdown", onDown);
  return () => {
    stop();
    area.removeEventListener("pointerdown", onDown);
  };
}

function swallow(event: Event): void {
  event.stopPropagation();
  event.preventDefault();
}
