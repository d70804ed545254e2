import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { type FlowFilter, filterParams } from "../filter/search.ts";
import { apiRoot } from "./client.ts";
import { keys } from "./keys.ts";
import { queryClient } from "./queryClient.ts";
import { type Batch, type LiveState, openStream } from "./stream.ts";

/** `null` while the page that is shown has no stream. */
let state: LiveState | null = null;
const listeners = new Set<() => void>();

function setState(next: LiveState | null): void {
  state = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Hears of the flows that pass the filter, for as long as the page is shown. A page has one stream. */
export function useStream(filter: FlowFilter, onBatch: (batch: Batch) => void): void {
  const handle = useEffectEvent(onBatch);
  const query = filterParams(filter).toString();
  useEffect(() => {
    setState("connecting");
    const close = openStream(`${apiRoot}/stream${query ? `?${query}` : ""}`, {
      onBatch: (batch) => handle(batch),
      onState: setState,
      // A stream can't say that its key was revoked; whoever asks who we are hears it.
      onRefused: () => void queryClient.invalidateQueries({ queryKey: keys.me }),
    });
    return () => {
      close();
      setState(null);
    };
  }, [query]);
}

export function useLiveState(): LiveState | null {
  return useSyncExternalStore(subscribe, () => state);
}
