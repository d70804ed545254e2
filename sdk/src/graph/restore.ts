/** From a job's data to its deliveries and back, and whether a graph can go on with it. */
import { copyOf } from "./copy.ts";
import type { Delivery } from "./delivery.ts";
import { GraphMismatch } from "./errors/graph-mismatch.ts";
import type { JobData, PendingDelivery } from "./job-data.ts";
import type { Plan, SlotOfNode } from "./plan.ts";

export function deliveryFrom(
  { n, slot, connection, payload, attempts, turns }: PendingDelivery,
  plan: Plan,
): Delivery {
  const { value, live } = copyOf(payload, "payload");
  return {
    n,
    slot: plan.slots.get(slot) as SlotOfNode,
    edge: connection === undefined ? undefined : plan.edges.get(connection),
    payload: value,
    live,
    attempts,
    turns,
    parts: undefined,
  };
}

export function pendingFrom({ n, slot, edge, payload, attempts, turns }: Delivery): PendingDelivery {
  return { n, slot: slot.key, connection: edge?.id, payload, attempts, turns };
}

/** @throws {GraphMismatch} */
export function checkFits({ id, graph, entry, pending, gathering }: JobData, plan: Plan): void {
  if (graph.name !== plan.name || graph.version !== plan.version)
    throw new GraphMismatch(
      id,
      `${plan.name} in version ${plan.version}`,
      `got one of graph ${graph.name} in version ${graph.version}`,
    );
  const unknown = (what: string) =>
    new GraphMismatch(id, plan.name, `got one that needs ${what}, which it has not`);
  const key = `${entry.routine}.${entry.slot}`;
  if (!plan.slots.has(key)) throw unknown(`slot ${key}`);
  for (const { slot, connection } of pending) {
    if (!plan.slots.has(slot)) throw unknown(`slot ${slot}`);
    const edge = connection === undefined ? undefined : plan.edges.get(connection);
    if (connection !== undefined && edge?.target.key !== slot) throw unknown(`connection ${connection}`);
  }
  for (const [slot] of gathering) if (!plan.slots.has(slot)) throw unknown(`slot ${slot}`);
}
