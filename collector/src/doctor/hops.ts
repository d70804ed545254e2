/** Does a flow cross from one process to the next? Here both sides are in this process, over a real socket. */
import { flow, step } from "@weir/sdk";
import { withFastify } from "@weir/sdk/fastify";
import { withFetch } from "@weir/sdk/fetch";
import Fastify from "fastify";
import type { FlowDetail } from "../http/schemas.ts";
import { TENANT } from "./arrival.ts";
import { type Finding, failed } from "./report.ts";

/** A flow that made its hop; or what went wrong. */
export type Hop = { id: string; complete(flow: FlowDetail): boolean } | Finding;

/** Calls a small server of its own, with `withFetch` on one side and `withFastify` on the other. */
export async function httpHop(): Promise<Hop> {
  const server = Fastify();
  await server.register(withFastify);
  server.get("/", async () => step.start("on the other side", () => ({ flow: flow.current()?.id })));
  const undo = withFetch();
  try {
    const url = await server.listen({ host: "127.0.0.1", port: 0 });
    return await flow.start({ name: "doctor: http hop", tenant: TENANT }, async ({ id }) => {
      const response = await step.start("call", () => fetch(url, { signal: AbortSignal.timeout(5000) }));
      const { flow: arrived } = (await response.json()) as { flow?: string };
      return arrived === id ? { id, complete: hasCrossed("on the other side", "call") } : lost(arrived);
    });
  } catch (error) {
    return failed(
      `a server on this machine could not be called: ${(error as Error).message}`,
      "check that 127.0.0.1 is not sent through a proxy (NO_PROXY), and that ports may be opened",
    );
  } finally {
    undo();
    await server.close();
  }
}

/** Whether the flow has ended well, with that step below the other. */
export function hasCrossed(name: string, parentName: string): (flow: FlowDetail) => boolean {
  return ({ status, steps }) => {
    const parent = steps.find((other) => other.name === parentName);
    const crossed = steps.find((other) => other.name === name);
    return status === "succeeded" && crossed !== undefined && crossed.parentId === parent?.id;
  };
}

export function lost(arrived: string | undefined): Finding {
  return failed(
    arrived === undefined
      ? "the flow did not arrive on the other side"
      : "another flow arrived on the other side",
    "report it with the versions of Node and of @weir/sdk: both sides were Weir's own",
  );
}
