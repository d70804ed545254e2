/**
 * Answers to questions, as the bytes of their JSON. They are written where the store is: from another thread bytes cross
 * cheaply, while the thread of the doors would be busy with a flow of 50,000 steps for a tenth of a second and more, and with
 * copies of every list.
 */
import { seenBy } from "../auth/confined.ts";
import type { FlowDetail, FlowKey } from "../flow.ts";
import type { Questions } from "../store.ts";
import { outlineOf } from "./outline.ts";
import {
  presentCount,
  presentDetail,
  presentErrors,
  presentHistogram,
  presentLabels,
  presentNames,
  presentOutline,
  presentPage,
  presentStats,
  presentStuck,
  presentTenants,
} from "./present.ts";

const PRESENT = {
  tenants: presentTenants,
  flows: presentPage,
  count: presentCount,
  stats: presentStats,
  errors: presentErrors,
  histogram: presentHistogram,
  stuck: presentStuck,
  names: presentNames,
  labels: presentLabels,
} satisfies {
  [Q in Exclude<keyof Questions, "flow">]: (answer: Awaited<ReturnType<Questions[Q]>>) => object;
};

export type Question = keyof typeof PRESENT;
export type Asked<Q extends Question> = Parameters<Questions[Q]>[0];
/** As the API gives it. */
export type Answer<Q extends Question> = ReturnType<(typeof PRESENT)[Q]>;

/** @param sees the one tenant that whoever asks may see; `null`: all. */
export interface Answers {
  to<Q extends Question>(question: Q, asked: Asked<Q>, sees: string | null): Promise<Uint8Array>;
  /** A `FlowDetail`; `undefined` where there is no such flow. */
  flow(key: FlowKey, sees: string | null): Promise<Uint8Array | undefined>;
  /** The same with a `FlowOutline` first: of a small flow that is all. */
  stages(key: FlowKey, sees: string | null): Promise<Stages | undefined>;
}

export interface Stages {
  outline: Uint8Array;
  /** Makes the `FlowDetail` of the same moment; to be called at once, or never. `null` where the outline leaves nothing out. */
  whole: (() => Promise<Uint8Array>) | null;
}

export function answersOf(store: Questions): Answers {
  return {
    async to(question, asked, sees) {
      const answer = await seenBy(store, sees)[question](asked as never);
      return bytesOf(PRESENT[question](answer as never));
    },
    async flow(key, sees) {
      const flow = await seenBy(store, sees).flow(key);
      return flow && wholeOf(flow);
    },
    async stages(key, sees) {
      const flow = await seenBy(store, sees).flow(key);
      return flow && stagesOf(flow);
    },
  };
}

function stagesOf(flow: FlowDetail): Stages {
  const outline = outlineOf(flow);
  const isAll = outline.steps.length === flow.steps.length;
  return { outline: bytesOf(presentOutline(outline)), whole: isAll ? null : async () => wholeOf(flow) };
}

function wholeOf(flow: FlowDetail): Uint8Array {
  return bytesOf(presentDetail(flow));
}

function bytesOf(answer: object): Uint8Array {
  return Buffer.from(JSON.stringify(answer));
}
