import type { FlowDetail } from "@weir/collector/schemas";

/**
 * A flow as guides draw it: its steps below it, and of each what is not as usual.
 *
 * @example
 * // order of acme-corp: failed
 * // ├─ charge · failed: card declined
 * // └─ charge · attempt 2
 */
export function drawn(flow: FlowDetail): string {
  const several = flow.services.length > 1;
  const below = (parentId: string | null, indent: string): string[] => {
    const steps = flow.steps.filter((step) => step.parentId === parentId);
    return steps.flatMap((step, i) => {
      const last = i === steps.length - 1;
      const said = [
        step.name,
        step.kind === "step" ? "" : step.kind,
        several ? `in ${step.service}` : "",
        step.attempt > 1 ? `attempt ${step.attempt}` : "",
        step.optional ? "optional" : "",
        step.error ? `${step.status}: ${step.error.message}` : step.status === "succeeded" ? "" : step.status,
      ];
      const line = `${indent}${last ? "└─" : "├─"} ${said.filter((word) => word !== "").join(" · ")}`;
      return [line, ...below(step.id, `${indent}${last ? "   " : "│  "}`)];
    });
  };
  return [`${flow.name} of ${flow.tenant}: ${flow.status}`, ...below(null, "")].join("\n");
}
