import { IconArrowsRightLeft, IconHourglassHigh, IconSettings, IconUsers } from "@tabler/icons-react";

/** The pages that stand in the bar. `g` and then `key` leads to one. */
export const pages = [
  { to: "/", label: "Customers", key: "c", Icon: IconUsers },
  { to: "/stuck", label: "Stuck", key: "s", Icon: IconHourglassHigh },
  { to: "/flows", label: "Flows", key: "f", Icon: IconArrowsRightLeft },
  { to: "/settings", label: "Settings", key: "e", Icon: IconSettings },
] as const;
