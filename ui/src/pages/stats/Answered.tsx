import { Button } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { BlockSkeleton } from "../../components/Skeletons.tsx";

interface AnsweredProps<T> {
  query: UseQueryResult<T>;
  children: (data: T) => React.ReactNode;
}

/** What one card asks for: that it has not come, or could not be had, must not look as if there were nothing. */
export function Answered<T>({ query: { data, error, isFetching, refetch }, children }: AnsweredProps<T>) {
  if (data !== undefined) return children(data);
  if (error === null) return <BlockSkeleton height={80} />;
  return (
    <div role="alert">
      <p className="muted">{error.message}</p>
      <Button variant="default" size="compact-xs" loading={isFetching} onClick={() => refetch()}>
        Try again
      </Button>
    </div>
  );
}
