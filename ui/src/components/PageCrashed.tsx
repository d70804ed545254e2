import type { ErrorComponentProps } from "@tanstack/react-router";
import { ErrorState } from "./ErrorState.tsx";

/** A page that could not be drawn, or whose code did not load: after an update, only loading anew helps. */
export function PageCrashed({ error }: ErrorComponentProps) {
  const known = error instanceof Error ? error : new Error(String(error));
  return <ErrorState error={known} onRetry={() => window.location.reload()} retrying={false} />;
}
