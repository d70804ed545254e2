/**
 * Lets work that waits be done in groups. The store commits together what arrives together, and answers go out after
 * the commit: without groups, a backlog would be decoded whole before anyone is answered, and held in memory as
 * observations, which are many times larger than the bytes they came in.
 */
import { setImmediate as turn } from "node:timers/promises";

/** Of a group, in bytes of protobuf: some thousand spans, so that a commit's wait for the disk is shared by many. */
const GROUP_SIZE = 1024 * 1024;
/** What a span takes, of what it takes in protobuf. */
const SCALE = { protobuf: 1, json: 2.5, folded: 0.25 };

/** What work is about, and its bytes. */
export interface Load {
  form: keyof typeof SCALE;
  bytes: number;
}

interface Waiting {
  size: number;
  start: () => Promise<void>;
}

/** Does work in its turn. */
export type InGroup = <T>(load: Load, work: () => Promise<T>) => Promise<T>;

export function inGroups(): InGroup {
  let waiting: Waiting[] = [];
  let working = false;

  async function workAll(): Promise<void> {
    while (waiting.length > 0) {
      // What was answered goes out first, and what has come meanwhile comes in.
      await turn();
      const group = waiting.slice(0, groupLength(waiting));
      waiting = waiting.slice(group.length);
      await Promise.all(group.map(({ start }) => start()));
    }
    working = false;
  }

  return ({ form, bytes }, work) =>
    new Promise((resolve, reject) => {
      const start = () => work().then(resolve, reject);
      waiting.push({ size: bytes / SCALE[form], start });
      if (working) return;
      working = true;
      void workAll();
    });
}

/** At least one, whatever its size. */
function groupLength(waiting: Waiting[]): number {
  let size = 0;
  const end = waiting.findIndex((each) => {
    size += each.size;
    return size > GROUP_SIZE;
  });
  return end === -1 ? waiting.length : Math.max(1, end);
}
