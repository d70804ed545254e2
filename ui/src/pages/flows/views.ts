import { useLocalStorage } from "@mantine/hooks";
import { type ListSearch, listSearch, parseSearch } from "../../filter/search.ts";

/** A list that was given a name: its filters and its order, as they stand in the address. */
export interface View {
  name: string;
  /** The query string. */
  query: string;
}

/** Where most people begin. */
export const givenViews: readonly View[] = [
  { name: "Stuck now", query: "?health=stalled&health=lost&order=oldest" },
  { name: "Failed within a day", query: "?status=failed&range=1d" },
  { name: "Running, oldest first", query: "?status=running&order=oldest" },
  { name: "Slowest of the week", query: "?range=7d&order=longest" },
];

/** Views of this browser's owner, kept for the next visit and for other tabs. */
export function useSavedViews() {
  const [views, setViews] = useLocalStorage<readonly View[]>({
    key: "weir-views",
    defaultValue: [],
    deserialize: readViews,
    getInitialValueInEffect: false,
  });
  return {
    views,
    /** One of the same name is replaced. */
    save: (view: View) => setViews((before) => [...before.filter(({ name }) => name !== view.name), view]),
    remove: (name: string) => setViews((before) => before.filter((view) => view.name !== name)),
  };
}

export function searchOfView({ query }: View): ListSearch {
  return listSearch(parseSearch(query));
}

/** Whatever lies in the storage, as views. */
export function readViews(text: string | undefined): readonly View[] {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return Array.isArray(value) ? value.filter(isView) : [];
  } catch {
    return [];
  }
}

function isView(value: unknown): value is View {
  if (typeof value !== "object" || value === null) return false;
  const { name, query } = value as Partial<Record<keyof View, unknown>>;
  return typeof name === "string" && typeof query === "string";
}
