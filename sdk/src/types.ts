/**
 * The documented interface of flows and steps; flow.ts and step.ts implement it.
 */

/** What a label may be set to; kept as text. */
export type LabelValue = string | number | boolean;

/** The user's own attributes of a step or an event. What OpenTelemetry can't carry is sent as JSON. */
export type UserAttributes = Record<string, unknown>;

/** What a flow is opened with. */
export interface FlowOptions {
  /** The kind of workflow, such as `"data_import"`. Required, at most 256 characters. */
  name: string;
  /** The customer whose flow it is. Required, at most 256 characters. */
  tenant: string;
  /** Your own id, such as an order number, unique per tenant. Default: a UUIDv7. */
  id?: string | number | undefined;
  /** Searchable; at most 32, keys up to 64 and values up to 256 characters. More is cut, with a diagnostic. */
  labels?: Record<string, LabelValue> | undefined;
  /** `false` leaves the flow open when `fn` returns, for a worker to end. A throw still fails it. Default `true`. */
  endOnExit?: boolean | undefined;
}

/** What a step is opened with. */
export interface StepOptions {
  /** Shown with the step. Keys that begin with `weir.` are refused with a diagnostic. */
  attributes?: UserAttributes | undefined;
  /** `false` leaves the step open when `fn` returns. A throw still fails it. Default `true`. */
  endOnExit?: boolean | undefined;
  /** `true`: its failure does not fail the flow. Default `false`. */
  optional?: boolean | undefined;
  /** Which attempt this is, from 1. A later attempt that succeeds makes good for those before. Default 1. */
  attempt?: number | undefined;
}

/**
 * An open flow. No method throws, and after the first end the later ones change nothing.
 *
 * @example
 * await using f = flow.open({ name: "data_import", tenant: "acme-corp" });
 * await f.run(() => importAll());
 */
export interface FlowHandle {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  /** As they are now, `setLabel` included. */
  readonly labels: Readonly<Record<string, string>>;
  /** Runs `fn` in this flow and returns what it returned. Does not end the flow; what it throws fails the flow when that is disposed of. */
  run<T>(fn: (flow: FlowHandle) => T): T;
  /** Ends the flow as succeeded. */
  end(): void;
  /** Ends the flow as failed, with the error's type, message, stack and causes. */
  fail(error?: unknown): void;
  /** Ends the flow as cancelled; the reason is shown. */
  cancel(reason?: string): void;
  /** Notes that something happened now. */
  event(name: string, attributes?: UserAttributes): void;
  /** Sets a label from now on, here and in every process called later. */
  setLabel(key: string, value: LabelValue): void;
  /** Ends the flow as its callback's return would have: as failed where `run` threw, left open with `endOnExit: false`. */
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An open step. No method throws, and after the first end the later ones change nothing. */
export interface StepHandle {
  readonly id: string;
  /** Empty where the step was opened by another process. */
  readonly name: string;
  /** Runs `fn` in this step and returns what it returned. Does not end the step; what it throws fails the step when that is disposed of. */
  run<T>(fn: (step: StepHandle) => T): T;
  /** Ends the step as succeeded. */
  end(): void;
  /** Ends the step as failed, and thereby its flow, unless it is optional or a later attempt succeeds. */
  fail(error?: unknown): void;
  /** Ends the step as cancelled; the reason is shown. */
  cancel(reason?: string): void;
  /** Ends the step as its callback's return would have: as failed where `run` threw, left open with `endOnExit: false`. */
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens, ends and annotates flows. Nothing here throws; what `fn` throws is rethrown, the same object. */
export interface FlowApi {
  /**
   * Opens a flow, runs `fn` in it, ends it, and returns what `fn` returned: a value for a value, a promise for a
   * promise. A throw ends the flow as failed (an `AbortError`: as cancelled). With a generator or a readable stream
   * returned it ends when that has been read, was closed or failed. Without a name or tenant `fn` runs
   * in no flow, and a diagnostic says so. Inside another flow it is that flow's child.
   *
   * @example
   * await flow.start({ name: "data_import", tenant: "acme-corp" }, async (f) => {
   *   await step.start("validate", () => validateData());
   *   f.setLabel("rows", 120);
   * });
   */
  start<T>(options: FlowOptions, fn: (flow: FlowHandle) => T): T;
  /**
   * Opens a flow without running anything in it: for work that has no one function around it.
   *
   * @example
   * const f = flow.open({ name: "upload", tenant: "acme-corp" });
   * socket.on("data", (chunk) => f.run(() => store(chunk)));
   * socket.on("end", () => f.end());
   */
  open(options: FlowOptions): FlowHandle;
  /**
   * A function that opens a flow on each call; options may be made from the arguments.
   *
   * @example
   * const importFor = flow.wrap((tenant) => ({ name: "data_import", tenant }), (tenant: string) => load(tenant));
   */
  wrap<This, Args extends unknown[], T>(
    options: FlowOptions | NoInfer<(...args: Args) => FlowOptions>,
    fn: (this: This, ...args: Args) => T,
  ): (this: This, ...args: Args) => T;
  /**
   * Ends the current flow as succeeded, from anywhere that its context reached: a queue worker, another process.
   *
   * @example
   * worker.on("completed", () => flow.end());
   */
  end(): void;
  /** Ends the current flow as failed. @example flow.fail(new Error("the bank said no")); */
  fail(error?: unknown): void;
  /** Ends the current flow as cancelled. @example flow.cancel("customer closed the account"); */
  cancel(reason?: string): void;
  /** Notes that something happened in the current flow. @example flow.event("invoice sent", { number: 17 }); */
  event(name: string, attributes?: UserAttributes): void;
  /** Sets a label of the current flow. @example flow.setLabel("plan", "enterprise"); */
  setLabel(key: string, value: LabelValue): void;
  /** The flow we are in; `undefined` outside one. @example logger.info({ flow: flow.current()?.id }); */
  current(): FlowHandle | undefined;
}

/** Opens and ends steps of the current flow. Nothing here throws; what `fn` throws is rethrown, the same object. */
export interface StepApi {
  /**
   * Opens a step in the current flow (under the current step), runs `fn`, ends it, and returns what `fn` returned.
   * A throw ends it as failed (an `AbortError`: as cancelled). With a generator or a readable stream returned it ends
   * when that has been read, was closed or failed. Outside a flow `fn` just runs; a diagnostic says so.
   *
   * @example
   * const rows = await step.start("read", { attributes: { file: "a.csv" } }, () => readRows("a.csv"));
   */
  start<T>(name: string, fn: (step: StepHandle) => T): T;
  start<T>(name: string, options: StepOptions | undefined, fn: (step: StepHandle) => T): T;
  /** Opens a step without running anything in it. @example await using s = step.open("upload"); */
  open(name: string, options?: StepOptions): StepHandle;
  /** A function that runs as a step on each call. @example const charge = step.wrap("charge", (card: Card) => bank.charge(card)); */
  wrap<This, Args extends unknown[], T>(
    name: string,
    fn: (this: This, ...args: Args) => T,
  ): (this: This, ...args: Args) => T;
  wrap<This, Args extends unknown[], T>(
    name: string,
    options: StepOptions | undefined,
    fn: (this: This, ...args: Args) => T,
  ): (this: This, ...args: Args) => T;
  /** Ends the current step as succeeded, in this process or another. @example step.end(); */
  end(): void;
  /** Ends the current step as failed. @example step.fail(new Error("three rows were bad")); */
  fail(error?: unknown): void;
  /** The step we are in; `undefined` outside one. @example step.current()?.name; */
  current(): StepHandle | undefined;
}

/** What came with a request or a message: the flow that it names, or none. */
export interface Arrival {
  /** The flow; `undefined` where none was named, or the one named was not taken. */
  readonly flow: FlowHandle | undefined;
  /** Runs `fn` in that flow, under the step that it was sent from, and returns what `fn` returned; without a flow, in none. */
  run<T>(fn: () => T): T;
}

/** Takes a flow over a hop that has no adapter. Nothing here throws; what `fn` throws is rethrown, the same object. */
export interface IdentityApi {
  /**
   * Adds the current flow to headers, as `baggage` and `traceparent`: a plain object, a `Headers` or a `Map`, which is
   * returned. Outside a flow it changes nothing.
   *
   * @param to where it is sent. A `host` that may not have it (see `propagateTo`) gets nothing. Leave it out for a
   *   queue of your own
   * @example
   * await producer.send({ topic: "imports", messages: [{ value, headers: identity.inject({}) }] });
   * @example
   * await client.post(url, body, { headers: identity.inject({ accept: "text/csv" }, { host: url.host }) });
   */
  inject<C extends object = Record<string, string>>(carrier?: C, to?: { host?: string | undefined }): C;
  /**
   * Reads the flow out of headers: a plain object with keys in any case and values as text or bytes, a `Headers` or
   * a `Map`. What can't be read names no flow, which a diagnostic says.
   *
   * @param from the peer's address, for what comes over a network: `acceptFrom` then decides whether the flow is
   *   taken. Leave it out for a queue of your own
   * @example
   * await consumer.run({
   *   eachMessage: ({ message }) => identity.extract(message.headers).run(() => step.start("store", () => store(message))),
   * });
   * @example
   * // A cron job that goes on with what was left open: the carrier was kept in a table.
   * identity.extract(row.carrier).run(() => step.start("remind", () => remind(row)));
   */
  extract(carrier: object | undefined, from?: { address?: string | undefined }): Arrival;
}
