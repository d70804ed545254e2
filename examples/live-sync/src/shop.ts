/** The shop that must know each book; it takes its time, and is away now and then. */
import { setTimeout as sleep } from "node:timers/promises";

const titles = new Map<string, string>();
let calls = 0;

/** @throws every fifth time */
export async function push(id: string, title: string, signal: AbortSignal): Promise<void> {
  calls += 1;
  await sleep(400, undefined, { signal });
  if (calls % 5 === 0) throw new Error("the shop is away");
  titles.set(id, title);
}

/** What customers see. */
export function titleInShop(id: string): string | undefined {
  return titles.get(id);
}
