/** One tenant against its limits: what is known of its use. */
import type { FlowKey } from "../../flow.ts";
import type { Limits } from "../../limits.ts";
import type { TenantUsage } from "../../store.ts";
import { Bucket } from "./bucket.ts";

/** A flow that requests under way open. */
interface Opening {
  key: FlowKey;
  requests: number;
  /** Whether the store has it already; `undefined` until it was asked. */
  isThere: boolean | undefined;
}

export class TenantState {
  readonly tenant: string;
  readonly bucket: Bucket;
  readonly names = new Set<string>();
  readonly labelKeys = new Set<string>();
  readonly #opening = new Map<string, Opening>();
  /** Those of them that the store does not count yet, as far as is known. */
  #new = 0;
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
    return this.#openFlows + this.#openedSince + this.#new;
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

  isOpening(flow: string): boolean {
    return this.#opening.has(flow);
  }

  open(flow: string, key: FlowKey): void {
    const known = this.#opening.get(flow);
    if (known !== undefined) {
      known.requests += 1;
      return;
    }
    this.#opening.set(flow, { key, requests: 1, isThere: undefined });
    this.#new += 1;
  }

  /** A request that opened this flow is done; where it was kept, the store counts it from now on. */
  settle(flow: string, kept: boolean): void {
    const opening = this.#opening.get(flow);
    if (opening === undefined) return;
    if (kept && opening.isThere !== true) {
      this.#found(opening);
      this.#openedSince += 1;
    }
    opening.requests -= 1;
    if (opening.requests > 0) return;
    this.#opening.delete(flow);
    if (opening.isThere !== true) this.#new -= 1;
  }

  /** Flows opened again, such as by a sender that repeats itself, are not counted twice. */
  async learnOpening(has: (key: FlowKey) => Promise<boolean>): Promise<void> {
    const unknown = [...this.#opening.values()].filter(({ isThere }) => isThere === undefined);
    await Promise.all(
      unknown.map(async (opening) => {
        const isThere = await has(opening.key);
        if (opening.isThere !== undefined) return;
        if (isThere) this.#found(opening);
        else opening.isThere = false;
      }),
    );
  }

  #found(opening: Opening): void {
    opening.isThere = true;
    this.#new -= 1;
  }
}
