/**
 * Every code of a diagnostic, with what it means and how to mend it: a code that is not here does not compile.
 *
 * A leaf: it imports nothing.
 */
export interface DiagnosticCodes {
  /** Whoever takes the spans answers as no collector does, though with a 200: what was sent counts as exported, and may be lost. Mend: look at the address in the message. */
  "answer-unknown": never;
  /** Attributes, or labels, are no object, or threw when they were read: those are left out. Mend: give an object of plain values. */
  attributes: never;
  /** A step or an event has more attributes than are kept; those after the limit are left out. Mend: give fewer, or one that is an object. */
  "attribute-count": never;
  /** An attribute's key begins with `weir.`, is empty or `__proto__`: it is left out. Mend: name it otherwise. */
  "attribute-key": never;
  /** An option of `setup()`, or its environment variable, is none that can be used; the message says what is taken instead. Mend: give what the message expects. */
  "bad-option": never;
  /** `flush()` or `shutdown()` got a time that is none: 5,000 ms are taken. Mend: give milliseconds, from 0 up. */
  "bad-timeout": never;
  /** A request's `baggage` header names a flow that can't be read: it is not continued. Mend: look at what wrote it, which is no SDK of Weir's, or at what cut it on the way. */
  "baggage-malformed": never;
  /** A job of a `FlowProducer` tree has no place for its flow, and does not belong to it. Mend: give each node `opts`, be they empty. */
  "bullmq-no-metadata": never;
  /** A job belongs to a flow, and its worker does not continue it. Mend: give the Worker `telemetry: bullmqTelemetry()`. */
  "bullmq-telemetry": never;
  /** `identity.inject` got nothing that can be written to: the flow ends at this hand-off. Mend: give an object, a `Headers` or a `Map`. */
  carrier: never;
  /** The function `steps` of `withFetch` or `withHttp` threw: the call is no step. Mend: let it return a name or `undefined`. */
  "client-steps": never;
  /** A workflow's shape can't be written as JSON: its flows have none on the page. Mend: look for a cycle or a `bigint` in what describes it. */
  "definition-no-json": never;
  /** A workflow's shape is larger than 65,536 characters of JSON: its flows have none on the page. Mend: part it into several workflows. */
  "definition-too-large": never;
  /** The collector can't be reached, or does not take spans for now: they are kept in a bounded queue and sent later. Mend: `weir doctor` from this service's folder says what is wrong. */
  "export-failed": never;
  /** Options of a flow are no object, or a function among them threw: the code runs in no flow, or without that option. Mend: give what the message expects. */
  "flow-options": never;
  /** A call went to a public host, and left flow identity behind. Mend: where the host is yours, list it in `propagateTo`; else nothing. */
  "host-refused": never;
  /** A fault of Weir's own, which your code did not feel. Mend: report it, with the message. */
  internal: never;
  /** A job could not go on in this process: its graph has changed, or what was kept of it can't be read. Mend: as the message says; a process with the graph that it began in takes it. */
  "job-unfit": never;
  /** A run waits, as its journal does not answer; it goes on when that does. Mend: look at the database that the message names. */
  "journal-unavailable": never;
  /** A flow has 32 labels already: the others are left out. Mend: make attributes of a step of what nobody searches by. */
  "label-count": never;
  /** A label's key is empty, or its value no string, number or boolean: it is left out. Mend: give one of these. */
  "label-value": never;
  /** Leases of runs could not be renewed: where that goes on, other processes take the runs. Mend: look at the journal's database. */
  leases: never;
  /** A flow or step has no name, tenant or id that can be used: without the first two its code runs unseen. Mend: give a string that is not empty. */
  "name-missing": never;
  /** A call that runs a function got none. Mend: give one. */
  "no-function": never;
  /** A flow or step was opened before `setup()`: its code runs, and nothing is seen of it. Mend: call `setup()` first, in a file that is imported before the others. */
  "not-set-up": never;
  /** `flow.end()`, `flow.event()` or the like was called where no flow is: nothing is recorded. Mend: call it within a flow, or on its handle where the context is lost. */
  "outside-flow": never;
  /** `step.end()` or `step.fail()` was called where no step is: nothing is recorded. Mend: call it within a step, or on its handle. */
  "outside-step": never;
  /** A request from outside named a flow, which is not continued. Mend: where the sender is yours, say so in `acceptFrom`; else nothing. */
  "peer-refused": never;
  /** Making, changing or releasing a resource of a scope failed, and nobody listens for that. Mend: the message has the error; `scope.onError` hears of it. */
  "resource-failed": never;
  /** An `onRollback` failed: what it was to undo stands. Mend: undo it by hand; the step on the page has the error. */
  "rollback-failed": never;
  /** What a journal has of a run can't be read: it ended as failed. Mend: give the codec the classes that were kept, or run the version of the program that wrote it. */
  "run-unreadable": never;
  /** A journal could not be asked which runs are due; it is asked again. Mend: look at its database. */
  "runs-due": never;
  /** `setup()` was called a second time, and changed nothing. Mend: call it once, in one file. */
  "set-up-twice": never;
  /** Spans are lost; the message says how many and why, and `health().dropped` counts all. Mend: a full queue: bring the collector back; refused spans: as their reason says. */
  "spans-dropped": never;
  /** `attempt` is no whole number from 1: the step counts as its first. Mend: count from 1. */
  "step-attempt": never;
  /** Options of a step are no object: the step has none. Mend: give `{ attributes }` or the like. */
  "step-options": never;
  /** A step was opened outside any flow: its code runs, and no step is recorded. Mend: open a flow around it, or carry the flow here: [hand-off](../guides/hand-off.md). */
  "step-outside-flow": never;
  /** A name, id, or label is longer than is kept, and was cut. Mend: give a shorter one. */
  "too-long": never;
  /** A run of a workflow tree failed, and nobody asked how it ends. Mend: the message has the error; `run.done` tells it. */
  "workflow-failed": never;
  /** A `compensate` failed: what it was to undo stands, the rest is undone all the same. Mend: undo it by hand. */
  "workflow-undo": never;
}

/** The code of a diagnostic; [the list](../diagnostics.md) says what each means. */
export type DiagnosticCode = keyof DiagnosticCodes;
