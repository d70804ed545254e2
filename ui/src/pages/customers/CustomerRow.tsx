import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { StatusIcon, stateOf, stateWord } from "../../components/StatusMark.tsx";
import { Ago } from "../../components/Time.tsx";
import { Where } from "../../components/Where.tsx";
import type { FlowFilter } from "../../filter/search.ts";
import { formatShare, plural, visible } from "../../format/text.ts";
import type { Customer } from "./attention.ts";
import styles from "./CustomerRow.module.css";
import { DayBars, wordsOf } from "./DayBars.tsx";
import { DaysDialog } from "./DaysDialog.tsx";

export function CustomerRow({ customer }: { customer: Customer }) {
  const { tenant } = customer;
  const stuck = customer.stalled + customer.lost;
  const [isTable, setTable] = useState(false);
  return (
    <div className={`list-row ${styles["row"]}`}>
      <span className={styles["name"]}>
        <Link to="/tenants/$tenant" params={{ tenant }} className="row-link" title={tenant} data-row-link>
          <span className="cut">{visible(tenant)}</span>
        </Link>
      </span>
      <span className={styles["attention"]}>
        <NeedsAttention customer={customer} />
      </span>
      <span className={styles["days"]}>
        <button
          type="button"
          className={styles["asTable"]}
          aria-label={`${wordsOf(customer.history)}. Show by day`}
          title={`${wordsOf(customer.history)}. Click to see each day`}
          onClick={() => setTable(true)}
        >
          <DayBars days={customer.history} />
        </button>
        {isTable && <DaysDialog tenant={tenant} days={customer.history} onClose={() => setTable(false)} />}
      </span>
      <Count
        value={customer.running}
        word="running"
        state="running"
        tenant={tenant}
        search={{ status: ["running", "paused"] }}
      />
      <Count
        value={stuck}
        word="stuck"
        state="stalled"
        tenant={tenant}
        search={{ health: ["stalled", "lost"] }}
      />
      <Count
        value={customer.failed}
        word="failed"
        state={customer.failingMore ? "failed" : undefined}
        tenant={tenant}
        search={{ status: ["failed"] }}
      />
      <span className={styles["last"]}>
        <Ago at={customer.lastActivityAt} />
      </span>
    </div>
  );
}

/** The flow to look at first, or why there is more to look at than one. */
function NeedsAttention({ customer: { tenant, worst, failingMore } }: { customer: Customer }) {
  if (failingMore && worst?.status !== "running") {
    const { failed, finished, usualRate } = failingMore;
    return (
      <Link
        to="/tenants/$tenant"
        params={{ tenant }}
        search={{ status: ["failed"] }}
        className={styles["worst"]}
      >
        <StatusIcon state="failed" label="Failing more than usual" />
        <span className="cut">
          {failed.toLocaleString("en")} of {plural(finished, "flow")} failed since yesterday, usually{" "}
          {formatShare(usualRate)}
        </span>
        {worst && <Where flow={worst} inline />}
      </Link>
    );
  }
  if (!worst) return null;
  return (
    <Link to="/tenants/$tenant/flows/$id" params={{ tenant, id: worst.id }} className={styles["worst"]}>
      <StatusIcon state={stateOf(worst)} label={stateWord(stateOf(worst))} />
      <span className={`cut ${styles["flow"]}`}>{visible(worst.name)}</span>
      <Where flow={worst} inline />
    </Link>
  );
}

interface CountProps {
  value: number;
  word: string;
  state: string | undefined;
  tenant: string;
  /** The flows that are counted. */
  search: FlowFilter;
}

function Count({ value, word, state, tenant, search }: CountProps) {
  const text = (
    <>
      {value.toLocaleString("en")}
      <span className={styles["word"]}> {word}</span>
    </>
  );
  if (value === 0) {
    return (
      <span className={styles["count"]} data-none>
        {text}
      </span>
    );
  }
  return (
    <span className={styles["count"]} data-state={state}>
      <Link to="/tenants/$tenant" params={{ tenant }} search={search} className={styles["countLink"]}>
        {text}
      </Link>
    </span>
  );
}
