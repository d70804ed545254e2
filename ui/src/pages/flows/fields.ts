import { useQuery } from "@tanstack/react-query";
import type { FlowSummary, Health, Status } from "@weir/collector/schemas";
import { createElement, useMemo } from "react";
import { customerNamesQuery, labelsQuery, namesQuery } from "../../api/queries.ts";
import { StatusMark } from "../../components/StatusMark.tsx";
import {
  type FlowFilter,
  healths,
  type LabelFilter,
  sameLabel,
  statuses,
  toggled,
} from "../../filter/search.ts";

/** A value that a filter can have. */
export interface Option {
  value: string;
  label: string;
  mark?: React.ReactNode;
}

/** Something that flows can be filtered by. Several values of it are an "or". */
export interface Field {
  name: string;
  options: readonly Option[];
  chosen: readonly Option[];
  /** The filter with a value taken in, or out where it was in. */
  toggle: (value: string) => FlowFilter;
  clear: () => FlowFilter;
  /** What is typed may be a value too: the options cannot name them all. */
  takesTyped?: boolean;
  /** Said where there is nothing to choose. */
  empty?: string;
}

type Lists = "tenant" | "name" | "step" | "service";

/**
 * The fields of a list.
 *
 * @param tenant the customer whose flows these are; `null` where they are of all.
 * @param flows what is on the list: steps and services are known from there only.
 */
export function useFields(filter: FlowFilter, tenant: string | null, flows: readonly FlowSummary[]): Field[] {
  const customers = useQuery({ ...customerNamesQuery(), enabled: tenant === null }).data;
  const names = useQuery(namesQuery(tenant)).data;
  const labels = useQuery(labelsQuery(tenant)).data;
  return useMemo(() => {
    const list = (key: Lists, name: string, values: readonly string[], more: Partial<Field> = {}): Field => ({
      name,
      options: values.map(plain),
      chosen: (filter[key] ?? []).map(plain),
      toggle: (value) => ({ ...filter, [key]: toggled(filter[key], value) }),
      clear: () => ({ ...filter, [key]: undefined }),
      ...more,
    });
    const typed = (what: string): Partial<Field> => ({
      takesTyped: true,
      empty: `Type the name of a ${what}`,
    });
    return [
      {
        name: "Status",
        options: statuses.map(marked),
        chosen: (filter.status ?? []).map(marked),
        toggle: (value) => ({ ...filter, status: toggled(filter.status, value as Status) }),
        clear: () => ({ ...filter, status: undefined }),
      },
      {
        name: "Health",
        options: healths.map(healthOption),
        chosen: (filter.health ?? []).map(healthOption),
        toggle: (value) => ({ ...filter, health: toggled(filter.health, value as Health) }),
        clear: () => ({ ...filter, health: undefined }),
      },
      ...(tenant === null ? [list("tenant", "Customer", customers ?? [], typed("customer"))] : []),
      list("name", "Flow", names ?? []),
      {
        name: "Label",
        options: (labels ?? []).flatMap(({ key, values }) =>
          values.map((value) => labelOption({ key, value })),
        ),
        chosen: (filter.label ?? []).map(labelOption),
        toggle: (value) => ({ ...filter, label: toggled(filter.label, labelOf(value), sameLabel) }),
        clear: () => ({ ...filter, label: undefined }),
        empty: "No flow has a label yet",
      },
      list("step", "Step", unique(flows.flatMap(stepsOf)), typed("step")),
      list("service", "Service", unique(flows.flatMap((flow) => flow.services)), typed("service")),
    ];
  }, [filter, tenant, flows, customers, names, labels]);
}

function plain(value: string): Option {
  return { value, label: value };
}

function marked(value: Status): Option {
  return { value, label: value, mark: createElement(StatusMark, { state: value }) };
}

function healthOption(value: Health): Option {
  return value === "ok"
    ? { value, label: value, mark: "OK" }
    : { value, label: value, mark: createElement(StatusMark, { state: value }) };
}

function labelOption({ key, value }: LabelFilter): Option {
  return { value: JSON.stringify([key, value]), label: `${key} = ${value}` };
}

function labelOf(option: string): LabelFilter {
  const [key, value] = JSON.parse(option) as [string, string];
  return { key, value };
}

/** Steps that a flow stands at: open now, or failed. */
function stepsOf({ failedStep, currentSteps }: FlowSummary): string[] {
  return failedStep === null ? currentSteps : [failedStep];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].filter((value) => value !== "").sort();
}
