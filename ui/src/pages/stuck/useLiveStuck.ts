import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { keys } from "../../api/keys.ts";
import { throttle } from "../../api/throttle.ts";
import { useStream } from "../../api/useStream.ts";
import type { FlowFilter } from "../../filter/search.ts";

const refetchEvery = 2_000;

/** Asks again soon after a flow got stuck; that one moves on is told to no such stream, and seen by asking now and then. */
export function useLiveStuck({ tenant, name }: Pick<FlowFilter, "tenant" | "name">): void {
  const queryClient = useQueryClient();
  const [refetch] = useState(() =>
    throttle(() => void queryClient.invalidateQueries({ queryKey: keys.allStuck }), refetchEvery),
  );
  useEffect(() => () => refetch.cancel(), [refetch]);
  useStream({ tenant, name, health: ["stalled", "lost"] }, refetch);
}
