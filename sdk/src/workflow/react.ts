/** `@weir/sdk/react`: a page that follows a run. */
import { useCallback, useMemo, useSyncExternalStore } from "react";
import { type Followed, Follower, type FollowOptions } from "./follower.ts";

export type { EventSourceLike, Followed, FollowOptions } from "./follower.ts";

const NOT_YET: Followed<never> = { connection: "connecting" };

/**
 * How the run behind an `eventStream` stands, from the first render to its end. Connects when the component appears, connects
 * again where the connection breaks, and then shows how the run stands by then; lets go when the component goes.
 *
 * @param url of a route that answers with `eventStream(run)`; `undefined`: none yet
 * @example
 * const { state, connection } = useWorkflow<Book>(`/books/${id}/events`);
 * return <p>{state?.dirty === "processing" ? "Syncing…" : "Synced ✓"}</p>;
 */
export function useWorkflow<S>(url: string | undefined, options: FollowOptions = {}): Followed<S> {
  const { withCredentials, EventSource } = options;
  const follower = useMemo(
    () => (url === undefined ? undefined : new Follower<S>(url, { withCredentials, EventSource })),
    [url, withCredentials, EventSource],
  );
  const subscribe = useCallback(
    (listener: () => void) => follower?.subscribe(listener) ?? (() => {}),
    [follower],
  );
  return useSyncExternalStore(
    subscribe,
    () => follower?.followed ?? NOT_YET,
    () => NOT_YET,
  );
}
