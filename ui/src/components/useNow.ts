import { useSyncExternalStore } from "react";
import { serverNow } from "../api/clock.ts";

interface Ticker {
  now: number;
  listeners: Set<() => void>;
  timer: ReturnType<typeof setInterval> | undefined;
}

/** One timer for each pace, however many rows tick by it: they tick together. */
const tickers = new Map<number, Ticker>();

function tickerOf(ms: number): Ticker {
  let ticker = tickers.get(ms);
  if (!ticker) {
    ticker = { now: serverNow(), listeners: new Set(), timer: undefined };
    tickers.set(ms, ticker);
  }
  return ticker;
}

function subscribeTo(ms: number, listener: () => void): () => void {
  const ticker = tickerOf(ms);
  ticker.listeners.add(listener);
  if (ticker.timer === undefined) {
    ticker.now = serverNow();
    ticker.timer = setInterval(() => {
      ticker.now = serverNow();
      for (const each of ticker.listeners) each();
    }, ms);
  }
  return () => {
    ticker.listeners.delete(listener);
    if (ticker.listeners.size > 0) return;
    clearInterval(ticker.timer);
    ticker.timer = undefined;
  };
}

const paces = [200, 1_000, 10_000] as const;

const subscriptions = Object.fromEntries(
  paces.map((ms) => [ms, (listener: () => void) => subscribeTo(ms, listener)]),
) as Record<(typeof paces)[number], (listener: () => void) => () => void>;

const never = () => () => {};

/** The collector's time, anew every `ms`; `null` is a clock that stands still. */
export function useNow(ms: (typeof paces)[number] | null): number {
  return useSyncExternalStore(ms === null ? never : subscriptions[ms], () => tickerOf(ms ?? 1_000).now);
}
