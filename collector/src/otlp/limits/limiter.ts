/**
 * Holds each tenant to its limits, span by span, before anything of the span is kept.
 *
 * What a tenant uses is asked of the store when it is first heard of (also after a restart), and kept along from then
 * on, for the tenants that are active; a span of a tenant that is well within its limits costs no question. Only at
 * the limit of open flows the store is asked again, for that limit is about new flows: what continues or ends a flow
 * that is there always passes, or flows would stay open for good.
 */
import { type FlowKey, keyText, type Micros } from "../../flow.ts";
import type { LimitName, Limits } from "../../limits.ts";
import { type FlowObservation, flowNameOf, type Observation } from "../../observation.ts";
import type { Store } from "../../store.ts";
import type { Rejection } from "../rejection.ts";
import type { Need } from "./needs.ts";
import { LimitsReached } from "./reached.ts";
import { Recent } from "./recent.ts";
import { TenantState } from "./tenant.ts";

/** Names, keys and tenants that are remembered, twice. */
const ROOM = 200_000;
const KNOWN_FLOWS = 20_000;
/** Open flows are asked for again after this, for those that came without an opening of their own. */
const FRESH_MS = 5_000;
const MOST_LISTED = 10_000;

export interface LimiterOptions {
  limits: Limits;
  store: Pick<Store, "usage" | "has">;
  reached: LimitsReached;
  /** Milliseconds, from any start. */
  now?: () => number;
}

/**
 * Holds tenants to limits as their figures in a store say.
 *
 * @param now microseconds since the epoch.
 * @returns `undefined` where every limit is off.
 */
export function limiterOf(
  limits: Limits,
  store: LimiterOptions["store"],
  now: () => Micros,
): Limiter | undefined {
  if (Object.values(limits).every((limit) => limit === 0)) return undefined;
  return new Limiter({ limits, store, reached: new LimitsReached(now) });
}

export class Limiter {
  readonly limits: Limits;
  readonly reached: LimitsReached;
  readonly now: () => number;
  readonly #store: Pick<Store, "usage" | "has">;
  readonly #tenants = new Recent<TenantState>(
    ROOM,
    ({ names, labelKeys }) => 1 + names.size + labelKeys.size,
  );
  /** Flows that the store was asked about and has. */
  readonly #flows = new Recent<true>(KNOWN_FLOWS);

  constructor({ limits, store, reached, now = () => performance.now() }: LimiterOptions) {
    this.limits = limits;
    this.reached = reached;
    this.now = now;
    this.#store = store;
  }

  /** For one request. */
  admission(): Admission {
    return new Admission(this);
  }

  tenant(tenant: string): TenantState {
    const known = this.#tenants.get(tenant);
    if (known !== undefined) return known;
    const { flowNames, openFlows, labelKeys } = this.limits;
    const state = new TenantState(tenant, this.limits, this.now());
    state.known = flowNames === 0 && openFlows === 0 && labelKeys === 0;
    this.#tenants.set(tenant, state);
    return state;
  }

  isKnown(flow: string): boolean {
    return this.#flows.get(flow) !== undefined;
  }

  async learnTenant(state: TenantState): Promise<void> {
    const { flowNames, labelKeys } = this.limits;
    if (state.known) {
      state.learnOpen(await this.#store.usage(state.tenant, 0), this.now());
      return await state.learnOpening((key) => this.#store.has(key));
    }
    const atMost = Math.max(MOST_LISTED, 2 * flowNames, 2 * labelKeys);
    state.learnAll(await this.#store.usage(state.tenant, atMost), this.now());
    this.#tenants.grow(state.names.size + state.labelKeys.size);
  }

  /** A state has one more to remember. */
  grew(): void {
    this.#tenants.grow(1);
  }

  async learnFlow(key: FlowKey): Promise<boolean> {
    const has = await this.#store.has(key);
    if (has) this.#flows.set(keyText(key), true);
    return has;
  }
}

/** What one request may say. */
export class Admission {
  readonly #limiter: Limiter;
  /** What it is about, held here so that it is there until the request is done. */
  readonly #states = new Map<string, TenantState>();
  readonly #flowIsThere = new Map<string, boolean>();
  /** What has to be asked for. */
  readonly #tenants = new Set<TenantState>();
  readonly #flows = new Map<string, FlowKey>();
  readonly #rates = new Map<TenantState, string>();
  readonly #opened: [TenantState, string][] = [];
  /** What was left out of spans that were taken: message → how often. */
  readonly leftOut = new Map<string, number>();
  /** Of the last span: most requests are of one tenant, or of few. */
  #last: TenantState | undefined;
  /** Read once a request, not once a span. */
  #now: number;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
    this.#now = limiter.now();
  }

  /** `later`: nothing can be said before `learn`. */
  admit(observations: readonly Observation[]): Rejection | "later" | undefined {
    const [first] = observations;
    if (first === undefined || first.kind === "heartbeat" || first.kind === "span-linked") return undefined;
    const { limits } = this.#limiter;
    const state = this.#stateOf(first.flow.tenant);
    if (!state.known) {
      this.#tenants.add(state);
      return "later";
    }

    const name = flowNameOf(first);
    const newName = limits.flowNames > 0 && !state.names.has(name);
    if (newName && state.names.size >= limits.flowNames) return this.#overNames(state, name);

    const flow = limits.openFlows > 0 ? this.#room(state, first, observations) : undefined;
    if (typeof flow === "object" || flow === "later") return flow;

    if (limits.spansPerSecond > 0 && !state.bucket.take(this.#now)) return this.#overRate(state);

    if (newName) {
      state.names.add(name);
      this.#limiter.grew();
    }
    if (limits.labelKeys > 0) this.#dropLabels(state, observations);
    if (flow !== undefined) {
      state.open(flow, first.flow);
      this.#opened.push([state, flow]);
    }
    return undefined;
  }

  /**
   * Lets a whole message pass where it is well within the limits of all whom it is about, or nothing of it: then its
   * spans have to be asked for one by one.
   */
  async admitAll(needs: readonly Need[]): Promise<boolean> {
    const states = needs.map(({ tenant }) => this.#stateOf(tenant));
    for (const state of states) if (!state.known) this.#tenants.add(state);
    if (this.#tenants.size > 0) await this.learn();
    const fits = needs.every((need, at) => this.#isWithin(states[at] as TenantState, need));
    if (fits) for (const [at, need] of needs.entries()) this.#use(states[at] as TenantState, need);
    return fits;
  }

  #isWithin(state: TenantState, { spans, flowNames, labelKeys, opens }: Need): boolean {
    const { limits } = this.#limiter;
    if (limits.openFlows > 0) {
      if (this.#now - state.readAt > FRESH_MS) this.#refresh(state);
      // Of a tenant that is at its limit it depends on which flows are there already.
      if (state.openFlows + opens.length >= limits.openFlows) return false;
    }
    return (
      hasRoom(state.names, flowNames, limits.flowNames) &&
      hasRoom(state.labelKeys, labelKeys, limits.labelKeys) &&
      (limits.spansPerSecond === 0 || state.bucket.holds(spans, this.#now))
    );
  }

  #use(state: TenantState, { tenant, spans, flowNames, labelKeys, opens }: Need): void {
    const { limits } = this.#limiter;
    if (limits.spansPerSecond > 0) state.bucket.take(this.#now, spans);
    if (limits.flowNames > 0) this.#add(state.names, flowNames);
    if (limits.labelKeys > 0) this.#add(state.labelKeys, labelKeys);
    if (limits.openFlows === 0) return;
    for (const id of opens) {
      const key = { tenant, id };
      const text = keyText(key);
      if (this.#isThere(text) === true) continue;
      state.open(text, key);
      this.#opened.push([state, text]);
    }
  }

  #add(known: Set<string>, texts: readonly string[]): void {
    for (const text of texts) {
      if (known.has(text)) continue;
      known.add(text);
      this.#limiter.grew();
    }
  }

  /** Asks the store for what was missing. After that the spans that had to wait can be asked for again. */
  async learn(): Promise<void> {
    this.#now = this.#limiter.now();
    const tenants = [...this.#tenants];
    const flows = [...this.#flows];
    this.#tenants.clear();
    this.#flows.clear();
    await Promise.all([
      ...tenants.map((state) => this.#limiter.learnTenant(state)),
      ...flows.map(async ([text, key]) => this.#flowIsThere.set(text, await this.#limiter.learnFlow(key))),
    ]);
  }

  /** To be called when what was admitted is durable, or is not. */
  settle(kept: boolean): void {
    for (const [state, flow] of this.#opened) state.settle(flow, kept);
    this.#opened.length = 0;
  }

  #stateOf(tenant: string): TenantState {
    if (this.#last?.tenant === tenant) return this.#last;
    this.#last = this.#states.get(tenant) ?? this.#limiter.tenant(tenant);
    this.#states.set(tenant, this.#last);
    return this.#last;
  }

  /** The flow that the span opens, as text; `undefined` where it opens none. */
  #room(
    state: TenantState,
    { flow }: FlowObservation,
    observations: readonly Observation[],
  ): string | Rejection | "later" | undefined {
    let opens = false;
    for (const { kind } of observations) {
      if (kind === "flow-ended") return undefined;
      if (kind === "flow-opened") opens = true;
    }
    const { limits } = this.#limiter;
    if (state.openFlows < limits.openFlows) {
      if (this.#now - state.readAt > FRESH_MS) this.#refresh(state);
      if (!opens) return undefined;
      const text = keyText(flow);
      return this.#isThere(text) === true ? undefined : text;
    }

    const text = keyText(flow);
    const isThere = this.#isThere(text);
    if (isThere === true || state.isOpening(text)) return undefined;
    if (isThere === undefined) {
      this.#tenants.add(state);
      this.#flows.set(text, flow);
      return "later";
    }
    const message = `${whose(state)} has ${state.openFlows} open flows, its limit is ${limits.openFlows}: end some, or raise --limit-open-flows`;
    return this.#over(state, "openFlows", { reason: "over-open-flows", message });
  }

  /** `undefined` where nobody has asked. */
  #isThere(flow: string): boolean | undefined {
    return this.#flowIsThere.get(flow) ?? (this.#limiter.isKnown(flow) || undefined);
  }

  /** In the background: a figure that is a little old does here. */
  #refresh(state: TenantState): void {
    state.readAt = this.#limiter.now();
    this.#limiter.learnTenant(state).catch(() => {
      // The store that does not answer now refuses the spans themselves, and says why.
    });
  }

  #overNames(state: TenantState, name: string): Rejection {
    const { flowNames } = this.#limiter.limits;
    const example = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
    const message = `${whose(state)} has ${state.names.size} flow names, its limit is ${flowNames}, and ${example} is a new one: put what differs into labels, or raise --limit-flow-names`;
    return this.#over(state, "flowNames", { reason: "over-flow-names", message });
  }

  /** One text for all spans of the request: the sender is told each once, with its number. */
  #overRate(state: TenantState): Rejection {
    const { spansPerSecond } = this.#limiter.limits;
    let message = this.#rates.get(state);
    if (message === undefined) {
      message = `${whose(state)} sent ${state.bucket.demand} spans within a second, its limit is ${spansPerSecond} over ten seconds: send fewer, or raise --limit-spans-per-second`;
      this.#rates.set(state, message);
    }
    return this.#over(state, "spansPerSecond", { reason: "over-spans-per-second", message });
  }

  #over(state: TenantState, limit: LimitName, rejection: Rejection): Rejection {
    this.#limiter.reached.note(state.tenant, limit, this.#limiter.limits[limit]);
    return rejection;
  }

  /** A flow without one of its labels is still worth having: the label goes, the span stays. */
  #dropLabels(state: TenantState, observations: readonly Observation[]): void {
    for (const observation of observations) {
      if (observation.kind !== "flow-opened" && observation.kind !== "labels-set") continue;
      for (const key in observation.labels) {
        if (state.labelKeys.has(key)) continue;
        const { labelKeys } = this.#limiter.limits;
        if (state.labelKeys.size < labelKeys) {
          state.labelKeys.add(key);
          this.#limiter.grew();
          continue;
        }
        delete observation.labels[key];
        this.#limiter.reached.note(state.tenant, "labelKeys", labelKeys);
        const message = `${whose(state)} has ${state.labelKeys.size} label keys, its limit is ${labelKeys}: new ones are left out, use fewer or raise --limit-label-keys`;
        this.leftOut.set(message, (this.leftOut.get(message) ?? 0) + 1);
      }
    }
  }
}

/** @param most 0: any number */
function hasRoom(known: ReadonlySet<string>, wanted: readonly string[], most: number): boolean {
  if (most === 0) return true;
  let size = known.size;
  for (const text of wanted) if (!known.has(text) && ++size > most) return false;
  return true;
}

function whose({ tenant }: TenantState): string {
  return `tenant ${JSON.stringify(tenant)}`;
}
