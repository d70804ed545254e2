import { Link } from "@tanstack/react-router";
import type { FlowSummary } from "@weir/collector/schemas";
import { StatusMark, stateOf } from "../../components/StatusMark.tsx";
import { Ago, Duration } from "../../components/Time.tsx";
import { Where } from "../../components/Where.tsx";
import type { FlowOrder } from "../../filter/order.ts";
import { visible } from "../../format/text.ts";
import styles from "./FlowRow.module.css";

export interface Column {
  id: string;
  title: string;
  /** A track of the grid. */
  width: string;
  isRight?: boolean;
  /** Needs a wide window. */
  isRoomy?: boolean;
  /** What a click on its heading orders by, and the next click the other way round. */
  orders?: readonly [FlowOrder, FlowOrder];
  cell: (flow: FlowSummary, sharedBy: string | undefined) => React.ReactNode;
}

const labelColumn = "label.";

const all: readonly Column[] = [
  {
    id: "status",
    title: "Status",
    width: "104px",
    cell: (flow) => <StatusMark state={stateOf(flow)} />,
  },
  {
    id: "tenant",
    title: "Customer",
    width: "minmax(100px, 0.7fr)",
    cell: ({ tenant }) => (
      <Link to="/tenants/$tenant" params={{ tenant }} className="cut row-tenant" title={tenant}>
        {visible(tenant)}
      </Link>
    ),
  },
  {
    id: "flow",
    title: "Flow",
    width: "minmax(140px, 1.1fr)",
    cell: (flow, sharedBy) => <NameAndId flow={flow} sharedBy={sharedBy} />,
  },
  {
    id: "where",
    title: "Where it stands",
    width: "minmax(160px, 1.9fr)",
    cell: (flow) => <Where flow={flow} />,
  },
  {
    id: "steps",
    title: "Steps",
    width: "64px",
    isRight: true,
    cell: ({ stepCounts: { total, running } }) => (
      <span title={`${total} steps, ${running} of them open`}>
        {total - running}/{total}
      </span>
    ),
  },
  {
    id: "started",
    title: "Started",
    width: "86px",
    isRight: true,
    orders: ["newest", "oldest"],
    cell: ({ startedAt }) => <Ago at={startedAt} className="muted" />,
  },
  {
    id: "ended",
    title: "Ended",
    width: "86px",
    isRight: true,
    orders: ["last-ended", "first-ended"],
    cell: ({ endedAt }) =>
      endedAt === null ? <span className="muted">–</span> : <Ago at={endedAt} className="muted" />,
  },
  {
    id: "activity",
    title: "Last activity",
    width: "94px",
    isRight: true,
    orders: ["last-active", "first-active"],
    cell: ({ updatedAt }) => <Ago at={updatedAt} className="muted" />,
  },
  {
    id: "duration",
    title: "Duration",
    width: "84px",
    isRight: true,
    orders: ["longest", "shortest"],
    cell: ({ startedAt, durationMs, endedAt }) => (
      <Duration since={startedAt} ms={durationMs} open={endedAt === null} />
    ),
  },
  {
    id: "labels",
    title: "Labels, services",
    width: "minmax(120px, 1.1fr)",
    isRoomy: true,
    cell: (flow) => <LabelsAndServices flow={flow} />,
  },
];

/** Columns that a person can take away or put in, in the order in which they stand. */
export const choosable = all.filter(({ id }) => id !== "status" && id !== "flow");

/** What is shown until someone chooses. */
export const defaultColumns: readonly string[] = ["tenant", "where", "started", "duration", "labels"];

/** A column for the values of one label. */
export function columnOfLabel(key: string): string {
  return labelColumn + key;
}

export function labelOfColumn(id: string): string | undefined {
  return id.startsWith(labelColumn) ? id.slice(labelColumn.length) : undefined;
}

interface Wish {
  chosen: readonly string[];
  /** One customer's flows need not say whose they are. */
  showTenant: boolean;
  width: "narrow" | "medium" | "wide";
}

/** A narrow window has room for a card: what stands in it is always the same. */
const onCard = new Set(["status", "tenant", "flow", "where", "duration"]);

export function columnsOf({ chosen, showTenant, width }: Wish): Column[] {
  const isShown = ({ id, isRoomy = false }: Column) => {
    if (id === "tenant" && !showTenant) return false;
    if (width === "narrow") return onCard.has(id);
    return id === "status" || id === "flow" || (chosen.includes(id) && (width === "wide" || !isRoomy));
  };
  const labels = width === "narrow" ? [] : chosen.flatMap((id) => labelOfColumn(id) ?? []);
  return [...all.filter(isShown), ...labels.map(labelValue)];
}

/** Tracks of the grid that the headings and all rows share. */
export function gridOf(columns: readonly Column[]): string {
  return columns.map(({ width }) => width).join(" ");
}

function labelValue(key: string): Column {
  return {
    id: columnOfLabel(key),
    title: visible(key),
    width: "minmax(80px, 0.5fr)",
    cell: ({ labels }) =>
      Object.hasOwn(labels, key) ? (
        <span className="cut" title={labels[key]}>
          {visible(labels[key] ?? "")}
        </span>
      ) : (
        <span className="muted">–</span>
      ),
  };
}

function NameAndId({ flow, sharedBy }: { flow: FlowSummary; sharedBy: string | undefined }) {
  const { tenant, id, name } = flow;
  return (
    <>
      <Link
        {...(sharedBy === undefined
          ? ({ to: "/tenants/$tenant/flows/$id", params: { tenant, id } } as const)
          : ({ to: "/s/$token/flows/$id", params: { token: sharedBy, id } } as const))}
        className="row-link"
        data-row-link
      >
        <span className="cut" title={name}>
          {visible(name)}
        </span>
      </Link>
      <span className={`cut mono ${styles["id"]}`} title={id}>
        {id}
      </span>
    </>
  );
}

function LabelsAndServices({ flow }: { flow: FlowSummary }) {
  const text = Object.entries(flow.labels).map(([key, value]) => `${visible(key)}=${visible(value)}`);
  return (
    <>
      <span className={`cut ${styles["labelLine"]}`} title={text.join("\n")}>
        {text.join("  ")}
      </span>
      <span className={`cut ${styles["services"]}`} title={flow.services.join("\n")}>
        {flow.services.join(" · ")}
      </span>
    </>
  );
}
