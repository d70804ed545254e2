import { Link } from "@tanstack/react-router";
import type { Slot } from "./slots.ts";

interface BehindProps {
  slot: Slot;
  tenant: string;
  name: string[] | undefined;
  /** Where what is seen of it says less. */
  words?: string;
  className: string | undefined;
  shade?: number;
  children: React.ReactNode;
}

/** A way from a bar to the flows that it stands for. */
export function Behind({ slot, tenant, name, words, className, shade, children }: BehindProps) {
  return (
    <Link
      to="/tenants/$tenant"
      params={{ tenant }}
      search={{ name, from: new Date(slot.from).toISOString(), to: new Date(slot.to).toISOString() }}
      className={className}
      data-shade={shade}
      aria-label={words}
      title={words}
    >
      {children}
    </Link>
  );
}
