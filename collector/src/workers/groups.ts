/**
 * Lets an ingest work through what waits in groups. The store commits together what arrives together, and answers
 * go out after the commit: without groups, a backlog would be decoded whole before anyone is answered, and held in
 * memory as observations, which are many times larger than the bytes they came in.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Delivery, Ingest } from "../otlp/ingest.ts";
import type { Receipt } from "../otlp/receipt.ts";

/** Of a group, in bytes of protobuf: some thousand spans, so that a commit's wait for the disk is shared by many. */
const GROUP_SIZE = 1024 * 1024;
/** What a span takes in JSON, of what it takes in protobuf. */
const AS_JSON = 2.5;

interface Waiting {
  delivery: Delivery;
  resolve: (receipt: Receipt) => void;
  reject: (error: unknown) => void;
}

type Takes = Pick<Ingest, "take">;

export function inGroups(ingest: Takes): Takes {
  let waiting: Waiting[] = [];
  let working = false;

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      // What was answered goes out first, and what has come meanwhile comes in.
      await turn();
      const group = waiting.slice(0, groupLength(waiting));
      waiting = waiting.slice(group.length);
      await Promise.all(
        group.map(({ delivery, resolve, reject }) => ingest.take(delivery).then(resolve, reject)),
      );
    }
    working = false;
  }

  return {
    take: (delivery) =>
      new Promise((resolve, reject) => {
        waiting.push({ delivery, resolve, reject });
        if (working) return;
        working = true;
        void work();
      }),
  };
}

/** At least one, whatever its size. */
function groupLength(waiting: Waiting[]): number {
  let size = 0;
  const end = waiting.findIndex(({ delivery: { encoding, body } }) => {
    size += encoding === "json" ? body.length / AS_JSON : body.length;
    return size > GROUP_SIZE;
  });
  return end === -1 ? waiting.length : Math.max(1, end);
}
