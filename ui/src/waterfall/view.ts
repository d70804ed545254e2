/** The stretch of time that is looked at. Milliseconds since the epoch, or from wherever the whole is counted. */
export interface View {
  start: number;
  end: number;
}

/** Closer than this there is nothing more to see: times are told in milliseconds. */
const shortest = 5;

/** The stretch within the whole that is closest to the wanted one: as long, where there is room. */
export function within(view: View, whole: View): View {
  const room = whole.end - whole.start;
  const length = Math.min(Math.max(view.end - view.start, shortest), room);
  const start = Math.min(Math.max(view.start, whole.start), whole.end - length);
  return { start, end: start + length };
}

/** Closer (`factor` below 1) or wider, with the time `at` staying where it is. */
export function zoomed(view: View, whole: View, factor: number, at = (view.start + view.end) / 2): View {
  const wanted = Math.max((view.end - view.start) * factor, shortest);
  const share = (at - view.start) / Math.max(view.end - view.start, 1);
  const start = at - share * wanted;
  return within({ start, end: start + wanted }, whole);
}

/** Later by a share of what is seen, or earlier where it is negative. */
export function panned(view: View, whole: View, share: number): View {
  const by = (view.end - view.start) * share;
  return within({ start: view.start + by, end: view.end + by }, whole);
}

/** Whether all of the whole is seen. */
export function isWhole(view: View, whole: View): boolean {
  return view.start <= whole.start && view.end >= whole.end;
}
