/** One tenant against its limits: what is known of its use. */
import type { Limits } from "../../limits.ts";
import type { TenantUsage } from "../../store.ts";
import { Bucket } from "./bucket.ts";

export class TenantState {
  readonly tenant: string;
  readonly bucket: Bucket;
  readonly names = new Set<string>();
  readonly labelKeys = new Set<string>();
  /** Flows that requests under way open, by how many of them do. */
  readonly opening = new Map<string, number>();
  /** Whether its use was asked for. Before that nothing can be said of it. */
  known = false;
  /** When its open flows were last asked for, in milliseconds. */
  readAt = Number.NEGATIVE_INFINITY;
  #openFlows = 0;
  /** Flows opened since then. Some may have been open already, some may have ended: to be asked again at the limit. */
  #openedSince = 0;

  constructor(tenant: string, limits: Limits, nowMs: number) {
    this.tenant = tenant;
    this.bucket = new Bucket(limits.spansPerSecond, nowMs);
  }

  /** At most so many, as far as is known here. */
  get openFlows(): number {
    return this.#openFlows + this.#openedSince + this.opening.size;
  }

  learnAll(usage: TenantUsage, nowMs: number): void {
    for (const name of usage.names) this.names.add(name);
    for (const key of usage.labelKeys) this.labelKeys.add(key);
    this.known = true;
    this.learnOpen(usage, nowMs);
  }

  learnOpen({ openFlows }: Pick<TenantUsage, "openFlows">, nowMs: number): void {
    this.#openFlows = openFlows;
    this.#openedSince = 0;
    this.readAt = nowMs;
  }

  open(flow: string): void {
    this.opening.set(flow, (this.opening.get(flow) ?? 0) + 1);
  }

  /** A request that opened this flow is done; where it was kept, the store counts it from now on. */
  settle(flow: string, kept: boolean): void {
    const others = (this.opening.get(flow) ?? 1) - 1;
    if (others > 0) this.opening.set(flow, others);
    else this.opening.delete(flow);
    if (kept) this.#openedSince += 1;
  }
}
