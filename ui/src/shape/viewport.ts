/** Which part of a drawing is seen, and how large. Pure. */

/** The drawing is scaled by `scale`, then moved by `x` and `y` pixels. */
export interface Viewport {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

/** A drawing that is smaller than this can't be read. */
export const READABLE = 0.5;
const SMALLEST = 0.04;
const LARGEST = 2;
/** Of the drawing so much stays in sight, however far it is moved. */
const IN_SIGHT = 48;

/** All of it, in the middle; a small drawing is not made larger than it is. */
export function fitTo(drawing: Size, frame: Size): Viewport {
  const scale = clampScale(Math.min(1, frame.width / drawing.width, frame.height / drawing.height));
  return {
    scale,
    x: (frame.width - drawing.width * scale) / 2,
    y: (frame.height - drawing.height * scale) / 2,
  };
}

/** With `box`, a part of the drawing, in the middle, and readable. */
export function centredOn(box: Box, frame: Size): Viewport {
  return {
    scale: READABLE,
    x: frame.width / 2 - (box.x + box.width / 2) * READABLE,
    y: frame.height / 2 - (box.y + box.height / 2) * READABLE,
  };
}

/** The point of the drawing under `x` and `y`, in pixels of the frame, stays where it is. */
export function zoomAt(
  { scale, ...from }: Viewport,
  factor: number,
  { x, y }: { x: number; y: number },
): Viewport {
  const next = clampScale(scale * factor);
  const by = next / scale;
  return { scale: next, x: x - (x - from.x) * by, y: y - (y - from.y) * by };
}

export function moveBy(view: Viewport, x: number, y: number): Viewport {
  return { ...view, x: view.x + x, y: view.y + y };
}

/** The same, moved back as far as it must be for some of the drawing to be in the frame. */
export function keptInSight(view: Viewport, drawing: Size, frame: Size): Viewport {
  return {
    scale: view.scale,
    x: clamp(view.x, IN_SIGHT - drawing.width * view.scale, frame.width - IN_SIGHT),
    y: clamp(view.y, IN_SIGHT - drawing.height * view.scale, frame.height - IN_SIGHT),
  };
}

/** Moved no further than needed for all of `box`, a part of the drawing, to be in the frame. */
export function reveal(view: Viewport, box: Box, frame: Size): Viewport {
  const axis = (at: number, from: number, length: number, room: number) => {
    const start = from * view.scale + at;
    const end = start + length * view.scale;
    if (start < 0) return at - start + IN_SIGHT / 2;
    return end > room ? at - (end - room) - IN_SIGHT / 2 : at;
  };
  return {
    scale: view.scale,
    x: axis(view.x, box.x, box.width, frame.width),
    y: axis(view.y, box.y, box.height, frame.height),
  };
}

function clampScale(scale: number): number {
  return clamp(Number.isFinite(scale) ? scale : 1, SMALLEST, LARGEST);
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(Math.min(least, most), Math.min(Math.max(least, most), value));
}
