import { IconLinkOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Shared } from "@weir/collector/schemas";
import { ApiError } from "../../api/client.ts";
import { sharedQuery } from "../../api/shares.ts";
import { NothingFound } from "../../components/EmptyState.tsx";
import { ErrorState } from "../../components/ErrorState.tsx";
import { SchemeMenu } from "../../components/SchemeMenu.tsx";
import { RowSkeletons } from "../../components/Skeletons.tsx";
import { At } from "../../components/Time.tsx";
import { usePageState } from "../../components/usePageState.ts";
import { visible } from "../../format/text.ts";
import styles from "./SharedFrame.module.css";

/** What stands around whatever a link shows: whose it is, and until when. Nothing leads away from it. */
export function SharedFrame({
  token,
  children,
}: {
  token: string;
  children: (shared: Shared) => React.ReactNode;
}) {
  const { data: shared, error, isPending, isFetching, refetch } = useQuery(sharedQuery(token));
  return (
    <>
      <header className={styles["top"]}>
        <strong className={`cut ${styles["tenant"]}`}>{shared ? visible(shared.tenant) : "Shared"}</strong>
        {shared && (
          <span className={`cut ${styles["note"]}`}>
            Read-only link{shared.redact ? ", without details" : ""}, works until <At at={shared.expiresAt} />
          </span>
        )}
        <span className={styles["right"]}>
          <SchemeMenu />
        </span>
      </header>
      <main id="main" className={styles["main"]}>
        {shared ? (
          children(shared)
        ) : isPending ? (
          <RowSkeletons count={8} height={40} />
        ) : isGone(error) ? (
          <DeadLink />
        ) : (
          <ErrorState error={error} onRetry={() => refetch()} retrying={isFetching} />
        )}
      </main>
    </>
  );
}

export function isGone(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 404;
}

function DeadLink() {
  usePageState("This link does not work");
  return (
    <>
      <h1 className="visually-hidden">A shared page</h1>
      <NothingFound title="This link does not work" Icon={IconLinkOff}>
        <p className="muted">
          It was revoked, it has expired, or a part of it is missing. Ask whoever sent it.
        </p>
      </NothingFound>
    </>
  );
}
