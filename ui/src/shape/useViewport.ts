import { useCallback, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import {
  type Box,
  centredOn,
  fitTo,
  keptInSight,
  moveBy,
  READABLE,
  reveal,
  type Size,
  type Viewport,
  zoomAt,
} from "./viewport.ts";

const step = 1.25;
const factors = new Map([
  ["+", step],
  ["=", step],
  ["-", 1 / step],
]);
/** Pixels: the drawing comes from the side of the arrow. */
const moves = new Map<string, [x: number, y: number]>([
  ["ArrowLeft", [60, 0]],
  ["ArrowRight", [-60, 0]],
  ["ArrowUp", [0, 60]],
  ["ArrowDown", [0, -60]],
]);

/**
 * A drawing in a frame, moved by dragging, by two fingers, by the wheel with Ctrl, and by keys.
 *
 * @param firstSeen the part that is looked at first, where the whole would be too small to read
 */
export function useViewport(drawing: Size | undefined, firstSeen: () => Box | undefined) {
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size>();
  /** `undefined` until it is moved: all of it is shown then, however large the frame becomes. */
  const [moved, setMoved] = useState<Viewport>();
  const fitted = drawing && size && fitTo(drawing, size);
  const view = moved ?? fitted;

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const change = useCallback(
    (next: (view: Viewport, frame: Size) => Viewport) => {
      if (drawing === undefined || size === undefined) return;
      setMoved((before) => keptInSight(next(before ?? fitTo(drawing, size), size), drawing, size));
    },
    [drawing, size],
  );

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    // Without Ctrl the wheel is the page's. React's own listener could not keep it from zooming the page.
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      change((view) => zoomAt(view, Math.exp(-event.deltaY / 200), placeIn(element, event)));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [change]);

  const start = useEffectEvent((drawing: Size, size: Size) => {
    const box = firstSeen();
    if (box !== undefined && fitTo(drawing, size).scale < READABLE) setMoved(centredOn(box, size));
  });
  const begun = useRef<Size>(undefined);
  useLayoutEffect(() => {
    if (drawing === undefined || size === undefined || begun.current === drawing) return;
    begun.current = drawing;
    setMoved(undefined);
    start(drawing, size);
  }, [drawing, size]);

  const showAll = () => drawing && size && setMoved(fitTo(drawing, size));
  const zoom = (factor: number) =>
    change((view, { width, height }) => zoomAt(view, factor, { x: width / 2, y: height / 2 }));

  return {
    frame,
    view,
    zoomIn: () => zoom(step),
    zoomOut: () => zoom(1 / step),
    showAll,
    reveal: (box: Box) => change((view, size) => reveal(view, box, size)),
    onKeyDown(event: React.KeyboardEvent) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const factor = factors.get(event.key);
      const move = moves.get(event.key);
      if (factor !== undefined) zoom(factor);
      else if (move !== undefined) change((view) => moveBy(view, ...move));
      else if (event.key === "0") showAll();
      else return;
      event.preventDefault();
    },
    ...useDrag(frame, change),
  };
}

/** One finger, or the mouse, moves; two zoom between them. */
function useDrag(
  frame: React.RefObject<HTMLDivElement | null>,
  change: (next: (view: Viewport) => Viewport) => void,
) {
  const held = useRef(new Map<number, { x: number; y: number }>());

  function onPointerDown(event: React.PointerEvent<HTMLDivElement>): void {
    if (event.button !== 0 || (event.target as Element).closest("button") !== null) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current.set(event.pointerId, placeIn(event.currentTarget, event));
  }

  function onPointerMove(event: React.PointerEvent<HTMLDivElement>): void {
    const before = held.current.get(event.pointerId);
    if (before === undefined || frame.current === null) return;
    const now = placeIn(frame.current, event);
    held.current.set(event.pointerId, now);
    const other = [...held.current].find(([id]) => id !== event.pointerId)?.[1];
    change((view) =>
      other === undefined
        ? moveBy(view, now.x - before.x, now.y - before.y)
        : zoomAt(view, distance(now, other) / Math.max(1, distance(before, other)), other),
    );
  }

  function letGo(event: React.PointerEvent<HTMLDivElement>): void {
    held.current.delete(event.pointerId);
  }

  return { onPointerDown, onPointerMove, onPointerUp: letGo, onPointerCancel: letGo };
}

function placeIn(element: Element, { clientX, clientY }: { clientX: number; clientY: number }) {
  const { left, top } = element.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

function distance(a: { x: number; y: number }, b: { x: number; y: number }): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
