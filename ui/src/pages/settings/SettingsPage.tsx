import { useQuery } from "@tanstack/react-query";
import { meQuery } from "../../api/queries.ts";
import { ErrorState } from "../../components/ErrorState.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { usePageState } from "../../components/usePageState.ts";
import { visible } from "../../format/text.ts";
import { Audit } from "./Audit.tsx";
import { Keys } from "./Keys.tsx";
import { LimitsReached } from "./LimitsReached.tsx";
import { Links } from "./Links.tsx";
import { Server } from "./Server.tsx";
import styles from "./SettingsPage.module.css";
import { StalledLimits } from "./StalledLimits.tsx";
import { TraceLinkForm } from "./TraceLinkForm.tsx";

/** What can be set, who may come in, and how the collector is. Each sees what his key lets him. */
export function SettingsPage() {
  usePageState("Settings");
  const { data: me, error, isFetching, refetch } = useQuery(meQuery());
  if (me === undefined) {
    return (
      <div className={styles["page"]}>
        <h1>Settings</h1>
        {error ? (
          <ErrorState error={error} onRetry={() => refetch()} retrying={isFetching} />
        ) : (
          <RowSkeletons count={8} height={40} />
        )}
      </div>
    );
  }
  const isAdmin = me.role === "admin";
  const isOfAll = me.tenant === null;
  return (
    <div className={styles["page"]}>
      <h1>Settings</h1>
      {me.tenant !== null && (
        <p className="muted">Your key is bound to {visible(me.tenant)}: what is of that customer is shown.</p>
      )}
      <TraceLinkForm mayChange={isAdmin && isOfAll} />
      {isOfAll && <StalledLimits mayChange={isAdmin} />}
      {isAdmin && <Keys tenant={me.tenant} isOpen={me.via === "open"} />}
      {isAdmin && <Links />}
      <LimitsReached tenant={me.tenant} />
      {isOfAll && <Server />}
      {isAdmin && <Audit />}
    </div>
  );
}
