import { useEffectEvent, useMemo, useState } from "react";

/** Rows do not move away under the pointer: while it is over them, their order is held; new ones go to the end. */
export function useHeldOrder<T>(rows: T[], keyOf: (row: T) => string) {
  const [held, setHeld] = useState<ReadonlyMap<string, number> | null>(null);
  const hold = useEffectEvent(() => setHeld(new Map(rows.map((row, index) => [keyOf(row), index]))));
  const ordered = useMemo(() => {
    if (!held) return rows;
    const place = (row: T) => held.get(keyOf(row)) ?? held.size;
    return rows.toSorted((a, b) => place(a) - place(b));
  }, [rows, held, keyOf]);
  return { rows: ordered, handlers: { onPointerEnter: () => hold(), onPointerLeave: () => setHeld(null) } };
}
