import type { FlowKey } from "@weir/collector/schemas";
import { apiRoot, segment } from "../../api/client.ts";

/** What of a flow can be copied. */
export const copies = {
  id: { what: "the id", of: ({ id }: FlowKey) => id },
  link: { what: "the link", of: (flow: FlowKey) => window.location.origin + pathOf(flow) },
  curl: {
    what: "the curl command",
    of: (flow: FlowKey, needsKey: boolean) => curl(apiRoot + pathOf(flow), needsKey),
  },
} as const;

/** A command for a shell that asks what the page asks. */
export function curl(path: string, needsKey: boolean): string {
  const key = needsKey ? ` -H "Authorization: Bearer $WEIR_API_KEY"` : "";
  return `curl${key} ${quoted(window.location.origin + path)}`;
}

function pathOf({ tenant, id }: FlowKey): string {
  return `/tenants/${segment(tenant)}/flows/${segment(id)}`;
}

/** Within single quotes a shell reads nothing but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
