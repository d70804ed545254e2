/**
 * `weir doctor`: proves from a service's folder, with the service's own settings, that a flow sent from here arrives
 * and crosses a hop. It stands outside the collector and knows it by its routes alone.
 */
import { type Diagnostic, flow, health, setup, shutdown, step } from "@weir/sdk";
import { arrival, TENANT } from "./arrival.ts";
import { CollectorClient, keyHeaders } from "./collector.ts";
import { type Hop, httpHop } from "./hops.ts";
import { queueHop } from "./queue-hop.ts";
import { checkEndpoint, checkKey, codeOf } from "./reach.ts";
import { type Finding, failed, ok, skipped, tell } from "./report.ts";

export interface DoctorOptions {
  /** The collector. Default: where `setup()` sends. */
  url: string | undefined;
  redis: string | undefined;
  /** The service's folder. */
  folder: string;
  env: Readonly<Record<string, string | undefined>>;
  out: NodeJS.WriteStream;
}

/** @returns whether all that was asked for is well. */
export async function doctor({ url, redis, folder, env, out }: DoctorOptions): Promise<boolean> {
  const findings: Finding[] = [];
  const say = (name: string, finding: Finding): boolean => {
    findings.push(finding);
    tell(out, name, finding);
    return finding.outcome === "ok";
  };

  const unfit: Diagnostic[] = [];
  setup({
    serviceName: "weir-doctor",
    endpoint: url,
    onDiagnostic: (diagnostic) => diagnostic.code === "bad-option" && unfit.push(diagnostic),
  });
  for (const { message } of unfit)
    say("settings", failed(message, "correct it: the service would do the same"));
  const { endpoint } = health();
  if (endpoint === null) {
    say("settings", failed("OTEL_SDK_DISABLED is true: the SDK does nothing here", "take it away"));
    return false;
  }
  const collector = new CollectorClient(endpoint, keyHeaders(env));

  const reached = say("endpoint", await checkEndpoint(collector));
  const open = reached && say("key", await answered(() => checkKey(collector)));
  if (!reached) say("key", skipped("not tried: no collector was found"));
  say("flow", open ? await answered(() => checkFlow(collector)) : skipped("not tried: nothing can be sent"));

  const hops: [string, () => Promise<Hop>][] = [["http hop", httpHop]];
  if (redis !== undefined) hops.push(["queue hop", () => queueHop(redis, folder)]);
  for (const [name, hop] of hops) {
    say(name, await answered(async () => checkHop(await hop(), open ? collector : undefined)));
  }
  await shutdown(open ? 1000 : 0);
  return findings.every(({ outcome }) => outcome === "ok");
}

/** A collector that goes away in the middle is a finding too. */
async function answered(check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    return failed(`the collector stopped answering: ${codeOf(error)}`, "see its log, and try again");
  }
}

async function checkFlow(collector: CollectorClient): Promise<Finding> {
  const sentAt = performance.now();
  const id = flow.start({ name: "doctor: flow", tenant: TENANT }, ({ id }) => {
    step.start("look around", () => {});
    return id;
  });
  const arrived = await arrival(collector, id);
  if (arrived.flow === undefined) return arrived.problem;
  if (arrived.flow === "sent") {
    return ok(`flow ${id} was taken; it can't be looked up, as the key may only send`);
  }
  return ok(`flow ${id} of tenant ${TENANT} arrived within ${Math.ceil(performance.now() - sentAt)} ms`);
}

/** Without a collector, that the two sides agreed has to do. */
async function checkHop(hop: Hop, collector: CollectorClient | undefined): Promise<Finding> {
  if ("outcome" in hop) return hop;
  const crossed = `flow ${hop.id} was the same on both sides`;
  if (collector === undefined) return ok(`${crossed}; the collector was not asked`);
  const arrived = await arrival(collector, hop.id, hop.complete);
  if (arrived.flow === undefined) return arrived.problem;
  return ok(arrived.flow === "sent" ? crossed : `${crossed}, and is one flow in the collector`);
}
