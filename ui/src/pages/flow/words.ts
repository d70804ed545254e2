import type { FlowDetail, FlowSummary, Health } from "@weir/collector/schemas";
import { formatDuration } from "../../format/duration.ts";
import { enoughRuns } from "./progress.ts";

type Usual = FlowDetail["usual"]["flow"];

/** What a health means for this flow; against its finished runs, where there are enough of them. */
export function healthInWords(health: Health | null, openMs: number, usual: Usual): string | undefined {
  const compared = comparison(openMs, usual);
  if (health === "lost") {
    return "The process that ran it has gone silent: nothing says whether the work was done. It may have been killed or have lost its connection.";
  }
  if (health === "stalled")
    return `Stalled: ${compared ?? "it has been open far longer than its kind usually is."}`;
  return compared && `Slow: ${compared}`;
}

function comparison(openMs: number, usual: Usual): string | undefined {
  if (!usual?.p95) return undefined;
  const { p95, runs } = usual;
  const times = openMs / p95;
  if (runs < enoughRuns || times < 1.5) return undefined;
  const factor = times < 10 ? times.toFixed(1) : Math.round(times).toLocaleString("en");
  return `open ${factor}× longer than 95 % of its ${runs.toLocaleString("en")} finished runs took (${formatDuration(p95)}).`;
}

export function incompleteInWords(reason: FlowSummary["incomplete"][number]): string {
  switch (reason) {
    case "start-missing":
      return "Its own start has not arrived: name, labels and the time of its start are taken from its steps.";
    case "end-missing":
      return "A step was open when the flow ended, and its end has not arrived: it may still run, or its process is gone.";
    case "step-start-missing":
      return "A step has ended, or is named as another's parent, and its own start has not arrived.";
  }
}
