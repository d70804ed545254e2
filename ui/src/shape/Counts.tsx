import { useNow } from "../components/useNow.ts";
import { formatDuration, formatElapsed } from "../format/duration.ts";
import { plural } from "../format/text.ts";
import styles from "./Counts.module.css";
import type { NodeFacts } from "./facts.ts";

/** How often it was done, went wrong and was tried again; what is nothing is not said. */
export function Counts({ facts }: { facts: NodeFacts }) {
  return (
    <span className={styles["counts"]}>
      {inWords(facts).map(({ kind, short, long }) => (
        <span key={kind} data-kind={kind} title={long}>
          {short}
        </span>
      ))}
    </span>
  );
}

/** The same in one line of words. */
export function countsInWords(facts: NodeFacts): string {
  const words = inWords(facts).map(({ long }) => long);
  return words.length === 0 ? "not reached" : words.join(", ");
}

/** How long it took, all in all; what is open counts on. */
export function Spent({ facts }: { facts: NodeFacts }) {
  const { spentMs, openSince } = facts;
  const now = useNow(openSince.length > 0 ? 1_000 : null);
  if (facts.steps.length === 0) return null;
  if (openSince.length === 0) return formatDuration(spentMs);
  return formatElapsed(openSince.reduce((sum, since) => sum + Math.max(0, now - since), spentMs));
}

function inWords({ running, succeeded, failed, cancelled, retries }: NodeFacts) {
  return [
    { kind: "running", count: running, word: "open", long: `${running} open` },
    { kind: "succeeded", count: succeeded, word: "done", long: `${succeeded} done` },
    { kind: "failed", count: failed, word: "failed", long: `${failed} failed` },
    { kind: "cancelled", count: cancelled, word: "cancelled", long: `${cancelled} cancelled` },
    {
      kind: "retries",
      count: retries,
      word: retries === 1 ? "retry" : "retries",
      long: plural(retries, "further attempt"),
    },
  ]
    .filter(({ count }) => count > 0)
    .map(({ kind, count, word, long }) => ({ kind, short: `${count.toLocaleString("en")} ${word}`, long }));
}
