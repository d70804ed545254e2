import { useEffect } from "react";
import { type State, stateWord } from "./StatusMark.tsx";

const icons: Partial<Record<State, string>> = {
  running: "/favicon-running.svg",
  paused: "/favicon-running.svg",
  succeeded: "/favicon-succeeded.svg",
  failed: "/favicon-failed.svg",
  stalled: "/favicon-stuck.svg",
  lost: "/favicon-stuck.svg",
};

/** Title and icon of the tab: its state can be told without opening it. */
export function usePageState(title: string, state?: State | undefined, word?: string): void {
  useEffect(() => {
    const prefix = state ? `${word ?? stateWord(state)} · ` : "";
    document.title = `${prefix}${title} · Weir`;
    document.getElementById("favicon")?.setAttribute("href", (state && icons[state]) ?? "/favicon.svg");
  }, [title, state, word]);
}
