import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch, IconUser } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { LinkProps } from "@tanstack/react-router";
import type { FlowSummary, TenantSummary } from "@weir/collector/schemas";
import { createElement } from "react";
import { flowKey } from "../api/patch.ts";
import { findQuery } from "../api/queries.ts";
import { StatusIcon, stateOf, stateWord } from "../components/StatusMark.tsx";
import { visible } from "../format/text.ts";
import { pages } from "../pages.ts";

/** Something that can be gone to. */
export interface Result {
  key: string;
  mark: React.ReactNode;
  name: string;
  about: string;
  target: Pick<LinkProps, "to" | "params" | "search">;
}

interface ResultGroup {
  title: string;
  results: Result[];
}

const typingPause = 120;

/** What fits the typed letters: pages at once, customers and flows as soon as the collector has answered. */
export function usePaletteResults(typed: string) {
  const text = typed.trim();
  const [settled] = useDebouncedValue(text, typingPause);
  const { data, error, isFetching } = useQuery({ ...findQuery(settled), placeholderData: keepPreviousData });
  const fits = text.toLowerCase();
  const groups: ResultGroup[] = [
    { title: "Customers", results: (data?.tenants ?? []).map(customerResult) },
    {
      title: "Flows",
      results: text === "" ? [] : [...(data?.flows ?? []).map(flowResult), searchResult(text)],
    },
    {
      title: "Pages",
      results: pages.filter(({ label }) => label.toLowerCase().includes(fits)).map(pageResult),
    },
  ];
  return {
    groups: groups.filter(({ results }) => results.length > 0),
    isLooking: isFetching || settled !== text,
    trouble: error?.message,
  };
}

function customerResult({ tenant, running, stalled, lost }: TenantSummary): Result {
  const stuck = stalled + lost;
  return {
    key: `customer ${tenant}`,
    mark: createElement(IconUser, { size: 16, stroke: 1.7 }),
    name: visible(tenant),
    about: stuck > 0 ? `${stuck} stuck` : running > 0 ? `${running} running` : "",
    target: { to: "/tenants/$tenant", params: { tenant } },
  };
}

function flowResult(flow: FlowSummary): Result {
  const { tenant, id, name } = flow;
  const state = stateOf(flow);
  return {
    key: `flow ${flowKey(flow)}`,
    mark: createElement(StatusIcon, { state, label: stateWord(state) }),
    name: `${visible(name)} · ${id}`,
    about: visible(tenant),
    target: { to: "/tenants/$tenant/flows/$id", params: { tenant, id } },
  };
}

function searchResult(text: string): Result {
  return {
    key: "search",
    mark: createElement(IconSearch, { size: 16, stroke: 1.7 }),
    name: `All flows with “${text}”`,
    about: "in the list",
    target: { to: "/flows", search: { q: text } },
  };
}

function pageResult({ to, label, key, Icon }: (typeof pages)[number]): Result {
  return {
    key: `page ${to}`,
    mark: createElement(Icon, { size: 16, stroke: 1.7 }),
    name: label,
    about: `g ${key}`,
    target: { to },
  };
}
