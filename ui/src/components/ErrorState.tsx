import { Button } from "@mantine/core";
import { IconCloudOff, IconRefresh } from "@tabler/icons-react";
import { ApiError } from "../api/client.ts";
import styles from "./Notice.module.css";
import { OtherKey } from "./OtherKey.tsx";

interface ErrorStateProps {
  error: Error;
  onRetry: () => void;
  retrying: boolean;
  /** Where else one can go. */
  children?: React.ReactNode;
}

/** A request that failed: what the server said, and what can be done about it. */
export function ErrorState({ error, onRetry, retrying, children }: ErrorStateProps) {
  const hint = hintOf(error);
  return (
    <div className={styles["notice"]} role="alert">
      <IconCloudOff size={28} stroke={1.4} className={styles["icon"]} aria-hidden="true" />
      <h2 className={styles["title"]}>{title(error)}</h2>
      <p className={styles["text"]}>
        {error.message}
        {hint && ` ${hint}`}
      </p>
      {isForbidden(error) ? (
        <OtherKey />
      ) : (
        <Button
          variant="default"
          size="xs"
          onClick={onRetry}
          loading={retrying}
          leftSection={<IconRefresh size={14} aria-hidden="true" />}
        >
          Try again
        </Button>
      )}
      {children}
    </div>
  );
}

/** A list that is there already, and could not be brought up to date. */
export function StaleNotice({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <div className={styles["strip"]} role="alert">
      <span className="cut">What is shown may be old. {error.message}</span>
      <Button variant="default" size="compact-xs" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

/** Asked again with the same key, the answer is the same. */
function isForbidden(error: Error): boolean {
  return error instanceof ApiError && error.status === 403;
}

function hintOf(error: Error): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.status === 0 ? "It may be starting anew, or something on the way to it is down." : undefined;
}

function title(error: Error): string {
  if (!(error instanceof ApiError)) return "Something went wrong";
  if (error.status === 0) return "No answer";
  if (error.status === 401) return "A key is needed";
  if (error.status === 403) return "Not allowed";
  if (error.status === 404) return "Not found";
  return error.status >= 500 ? "The collector has trouble" : "That could not be asked";
}
