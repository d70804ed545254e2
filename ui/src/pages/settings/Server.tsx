import { useQuery } from "@tanstack/react-query";
import type { Server as ServerFigures } from "@weir/collector/schemas";
import { serverQuery } from "../../api/settings.ts";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { useNow } from "../../components/useNow.ts";
import { formatBytes } from "../../format/bytes.ts";
import { formatDuration, formatElapsed } from "../../format/duration.ts";
import { plural, visible } from "../../format/text.ts";
import { Problem, Section } from "./Section.tsx";
import styles from "./SettingsPage.module.css";

/** How the collector itself is: what someone looks at first who is told that it is slow. */
export function Server() {
  const { data: server, error } = useQuery(serverQuery());
  const now = useNow(1_000);
  return (
    <>
      <Section
        title="Kept for"
        about="Set by --retention and --retention-of where the collector is started. It is not changed here: a wrong click would delete for good."
      >
        {server && <Retention of={server.retention} />}
      </Section>
      <Section title="This collector">
        <Problem error={error} />
        {server ? (
          <dl className={styles["figures"]}>
            {figuresOf(server, now).map(([what, figure]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>{figure}</dd>
              </div>
            ))}
          </dl>
        ) : (
          !error && <RowSkeletons count={3} height={36} />
        )}
      </Section>
    </>
  );
}

function Retention({ of: { everyoneMs, tenants } }: { of: ServerFigures["retention"] }) {
  const words = (ms: number | null) => (ms === null ? "for ever" : `${formatDuration(ms)} after its end`);
  return (
    <ul className={styles["plain"]}>
      <li>A finished flow: {words(everyoneMs)}</li>
      {tenants.map(({ tenant, ageMs }) => (
        <li key={tenant}>
          Of {visible(tenant)}: {words(ageMs)}
        </li>
      ))}
      <li className="muted">One that is open is never deleted for its age.</li>
    </ul>
  );
}

function figuresOf(server: ServerFigures, now: number): [what: string, figure: string][] {
  const { store, commits, queue, threads, limits } = server;
  const within = (ms: number | null) => (ms === null ? "–" : `≤ ${formatDuration(ms)}`);
  const most = (limit: number) => (limit === 0 ? "no limit" : limit.toLocaleString("en"));
  const flows = Object.values(store.flows).reduce((sum, count) => sum + count, 0);
  return [
    ["Version", `${server.version}, Node ${server.node}`],
    ["Runs since", formatElapsed(now - Date.parse(server.startedAt))],
    ["Memory", formatBytes(server.memoryBytes)],
    [
      "Store",
      store.kind === "sqlite" ? `SQLite, durability ${store.durability}` : "in memory: nothing is kept",
    ],
    ...Object.entries(store.sizeBytes).map(([part, bytes]): [string, string] => [
      `On the disk: ${part}`,
      formatBytes(bytes),
    ]),
    ["Flows kept", flows.toLocaleString("en")],
    [
      "Commits",
      `${commits.count.toLocaleString("en")}, of which ${commits.failed.toLocaleString("en")} failed`,
    ],
    ["A commit takes", `half ${within(commits.p50Ms)}, 99 % ${within(commits.p99Ms)}`],
    ["Waiting to be written", `${plural(queue.requests, "request")}, ${formatBytes(queue.bytes)}`],
    ...threads.map(({ name, waiting }, index): [string, string] => [
      `Thread ${index + 1}, ${name}`,
      plural(waiting, "call in hand", "calls in hand"),
    ]),
    ["Open pages and streams", server.openStreams.toLocaleString("en")],
    [
      "Each customer may have",
      `${most(limits.spansPerSecond)} spans a second, ${most(limits.openFlows)} open flows, ${most(limits.flowNames)} flow names, ${most(limits.labelKeys)} label keys`,
    ],
  ];
}
