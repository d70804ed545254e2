import { pages } from "../pages.ts";

interface KeyGroup {
  title: string;
  keys: { press: readonly string[]; does: string }[];
}

/** Every key that does something, as `?` shows them. */
export const keyGroups: readonly KeyGroup[] = [
  {
    title: "Everywhere",
    keys: [
      { press: ["⌘ K", "Ctrl K"], does: "Go to a customer, a flow or a page" },
      ...pages.map(({ key, label }) => ({ press: [`g ${key}`], does: `Go to ${label.toLowerCase()}` })),
      { press: ["/"], does: "Search on this page" },
      { press: ["Esc"], does: "Close, clear, or leave the field" },
      { press: ["?"], does: "Show these keys" },
    ],
  },
  {
    title: "In a list",
    keys: [
      { press: ["j", "↓"], does: "Next row" },
      { press: ["k", "↑"], does: "Row before" },
      { press: ["Enter"], does: "Open it" },
      { press: ["f"], does: "Add a filter" },
      { press: ["n"], does: "Show what is new" },
      { press: ["c"], does: "Copy the flow's id" },
      { press: ["l"], does: "Copy a link to the flow" },
    ],
  },
];
