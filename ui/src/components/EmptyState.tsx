import { IconFilterOff, IconRipple } from "@tabler/icons-react";
import { visible } from "../format/text.ts";
import { CodeBlock } from "./CodeBlock.tsx";
import styles from "./Notice.module.css";

/** Nothing has arrived at all, or nothing of one customer: what to do first. */
export function NothingYet({ tenant }: { tenant?: string | undefined }) {
  return (
    <div className={styles["notice"]}>
      <IconRipple size={30} stroke={1.4} className={styles["icon"]} aria-hidden="true" />
      <h2 className={styles["title"]}>
        {tenant === undefined ? "No flow has arrived yet" : `No flow of ${visible(tenant)} has arrived yet`}
      </h2>
      <p className={styles["text"]}>
        Put this into a Node service and run it: the flow shows here while it runs. Any OpenTelemetry program
        can send flows too.
      </p>
      <div className={styles["code"]}>
        <CodeBlock code={firstFlow(tenant)} what="the first flow" />
      </div>
    </div>
  );
}

interface NothingFoundProps {
  title: string;
  Icon?: typeof IconFilterOff;
  children?: React.ReactNode;
}

/** A filter or a search that nothing passes. */
export function NothingFound({ title, Icon = IconFilterOff, children }: NothingFoundProps) {
  return (
    <div className={styles["notice"]}>
      <Icon size={28} stroke={1.4} className={styles["icon"]} aria-hidden="true" />
      <h2 className={styles["title"]}>{title}</h2>
      {children}
    </div>
  );
}

/** What can be done about it, side by side. */
export function Ways({ children }: { children: React.ReactNode }) {
  return <div className={styles["ways"]}>{children}</div>;
}

/** Aimed at the collector that serves this page; it runs as it stands, and for long enough to be seen. */
function firstFlow(tenant = "acme-corp"): string {
  return `import { setup, flow, step } from "@weir/sdk";

setup({ serviceName: "import-api", endpoint: "${window.location.origin}" });

const aMoment = () => new Promise((done) => setTimeout(done, 3000));

await flow.start({ name: "data_import", tenant: ${JSON.stringify(tenant)} }, async () => {
  await step.start("validate", aMoment);
  await step.start("process", aMoment);
});`;
}
