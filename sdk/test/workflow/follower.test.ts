// What a page does when its connection breaks, is refused, or comes to its end.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type EventSourceLike, Follower } from "../../src/workflow/follower.ts";

const sources: FakeSource[] = [];

class FakeSource implements EventSourceLike {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly url: string;
  readonly init: { withCredentials: boolean };

  constructor(url: string, init: { withCredentials: boolean }) {
    this.url = url;
    this.init = init;
    sources.push(this);
  }

  says(type: "state" | "done" | "error", n: number): void {
    this.onmessage?.({ data: JSON.stringify({ type, status: "running", state: { n }, path: [] }) });
  }

  breaks(readyState: 0 | 2): void {
    this.readyState = readyState;
    this.onerror?.();
  }

  close(): void {
    this.readyState = 2;
  }
}

beforeEach(() => {
  sources.length = 0;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

function followed() {
  const follower = new Follower<{ n: number }>("/events", { EventSource: FakeSource, withCredentials: true });
  const listener = vi.fn();
  const leave = follower.subscribe(listener);
  return { follower, listener, leave, source: sources[0] as FakeSource };
}

test("hears how the run stands, and keeps the same object until it hears more", () => {
  const { follower, listener, source } = followed();
  expect(source).toMatchObject({ url: "/events", init: { withCredentials: true } });
  expect(follower.followed).toEqual({ connection: "connecting" });
  source.says("state", 1);
  expect(listener).toHaveBeenCalledTimes(1);
  expect(follower.followed).toMatchObject({ connection: "live", state: { n: 1 } });
  expect(follower.followed).toBe(follower.followed);
});

test("a connection that breaks is the browser's to mend; what was heard stays, as old", () => {
  const { follower, source } = followed();
  source.says("state", 1);
  source.breaks(0);
  expect(follower.followed).toMatchObject({ connection: "lost", state: { n: 1 } });
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
  source.says("state", 2);
  expect(follower.followed).toMatchObject({ connection: "live", state: { n: 2 } });
});

test("a server that refuses is asked again, ever more seldom, and soon again once it has answered", () => {
  const { source } = followed();
  const times: number[] = [];
  const began = Date.now();
  source.breaks(2);
  while (times.length < 9) {
    vi.advanceTimersByTime(100);
    if (sources.length === times.length + 1) continue;
    times.push(Date.now() - began);
    sources.at(-1)?.breaks(2);
  }
  const delays = times.map((time, index) => time - (times[index - 1] ?? 0));
  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  vi.advanceTimersByTime(30_000);
  sources.at(-1)?.onopen?.();
  const asked = sources.length;
  sources.at(-1)?.breaks(2);
  sources.at(-1)?.breaks(2);
  vi.advanceTimersByTime(500);
  expect(sources.length).toBe(asked + 1);
});

test.each(["done", "error"] as const)("%s is the end: nobody connects again", (type) => {
  const { follower, source } = followed();
  source.says(type, 3);
  expect(follower.followed).toMatchObject({ connection: "ended", state: { n: 3 } });
  expect(source.readyState).toBe(2);
  source.breaks(2);
  vi.advanceTimersByTime(60_000);
  follower.subscribe(() => {});
  expect(sources).toHaveLength(1);
});

test("lets go when nobody listens, and connects when someone does again", () => {
  const { follower, leave, source } = followed();
  const other = follower.subscribe(() => {});
  leave();
  expect(source.readyState).toBe(0);
  other();
  expect(source.readyState).toBe(2);
  source.breaks(2);
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
  follower.subscribe(() => {});
  expect(sources).toHaveLength(2);
});
